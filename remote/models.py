"""Rows about remote hosts. But for saved ones they contain no secrets and can be rebuilt: hosts from `known_hosts`,
connections by connecting.

`Connection` records where this user's viewers have connected to; which connections are open is known only to the
process that owns them (`remote/ssh/pool.py`).
"""

from __future__ import annotations

from typing import Any

from django.db import models

from remote.ssh.address import Address


class SavedConnection(models.Model):
    """A connection that a user saved, in the durable database; `connections/entry_format.py` has the format."""

    entry: models.JSONField[Any, Any] = models.JSONField(null=True)
    """With encrypted secrets."""


class Connection(models.Model):
    """A user and host that a viewer has connected to."""

    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    username = models.CharField(max_length=255)
    auth_method = models.CharField(max_length=16)
    """Authentication method of the last login: password, key or agent."""
    host_key_fingerprint = models.CharField(max_length=64)
    first_connected = models.FloatField()
    """Unix seconds, like all times here."""
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
    """A host key of `known_hosts`; the rows follow the file."""

    place = models.PositiveIntegerField(unique=True)
    """Position in the file."""
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    known_hosts_host = models.CharField(max_length=512)
    """As written in the file."""
    key_type = models.CharField(max_length=64)
    key_base64 = models.TextField()
    fingerprint_sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.known_hosts_host} {self.key_type}"


class ViewerSession(models.Model):
    """A remote viewer in the last state that its owning process reported (`remote/viewers/session_rows.py`)."""

    session_id = models.CharField(max_length=16, unique=True)
    connection = models.ForeignKey(
        Connection, null=True, on_delete=models.CASCADE, related_name="viewer_sessions"
    )
    """Null before the first one."""
    remote_root = models.TextField()
    environment = models.TextField()
    local_port = models.PositiveIntegerField()
    remote_port = models.PositiveIntegerField()
    """0 while unknown."""
    remote_pid = models.PositiveBigIntegerField(null=True)
    state = models.CharField(max_length=16)
    """connecting, running, reconnecting or failed."""
    stage = models.CharField(max_length=16)
    """During a start: connect, environment, start, tunnel or health; otherwise empty."""
    error_message = models.TextField()
    """Why it is not running, as a sentence."""
    started = models.FloatField()
    owner_pid = models.PositiveBigIntegerField()
    """Process that owns the session; the row is stale once that process has exited."""
    owner_start = models.FloatField(null=True)
    machine_id = models.CharField(max_length=64)
    boot_id = models.CharField(max_length=64)
    pid_namespace = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.session_id
