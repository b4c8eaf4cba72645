"""Rows about other machines. None holds a secret, and each can be made again: hosts from `known_hosts`, connections by
connecting.

`Connection` is where this user's viewers have connected to; which of them are open is known by the process that holds
them (`remote/ssh/pool.py`). What runs over a connection refers to it.
"""

from __future__ import annotations

from django.db import models

from remote.ssh.address import Address


class Connection(models.Model):
    """A user on a host that a viewer was let in as."""

    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    username = models.CharField(max_length=255)
    auth_method = models.CharField(max_length=16)
    """How it was the last time: password, key or agent."""
    host_key_fingerprint = models.CharField(max_length=64)
    first_connected = models.FloatField()
    """Unix seconds, as all times here."""
    last_connected = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["username", "host", "port"], name="connection_once_per_address")
        ]

    def __str__(self) -> str:
        return self.connection_id

    @property
    def connection_id(self) -> str:
        """`user@host:port`."""
        return Address(self.host, self.port, self.username).id


class KnownHost(models.Model):
    """A host's key in `known_hosts`; the rows follow the file."""

    place = models.PositiveIntegerField(unique=True)
    """In the order of the file."""
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    known_hosts_host = models.CharField(max_length=512)
    """As it is written in the file."""
    key_type = models.CharField(max_length=64)
    key_base64 = models.TextField()
    fingerprint_sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.known_hosts_host} {self.key_type}"


class ViewerSession(models.Model):
    """A viewer on another machine, as the process that holds it last told of it (`remote/viewers/session_rows.py`)."""

    session_id = models.CharField(max_length=16, unique=True)
    connection = models.ForeignKey(
        Connection, null=True, on_delete=models.CASCADE, related_name="viewer_sessions"
    )
    """Null until there is one."""
    remote_root = models.TextField()
    environment = models.TextField()
    local_port = models.PositiveIntegerField()
    remote_port = models.PositiveIntegerField()
    """0 until it is known."""
    remote_pid = models.PositiveBigIntegerField(null=True)
    state = models.CharField(max_length=16)
    """connecting, running, reconnecting or failed."""
    stage = models.CharField(max_length=16)
    """Of a start: connect, environment, start, tunnel or health; else empty."""
    trouble = models.TextField()
    """Why it is not running, as a sentence."""
    started = models.FloatField()
    owner_pid = models.PositiveBigIntegerField()
    """The process that holds it; when it is gone the row means nothing."""
    owner_start = models.FloatField(null=True)
    machine_id = models.CharField(max_length=64)
    boot_id = models.CharField(max_length=64)
    pid_namespace = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.session_id
