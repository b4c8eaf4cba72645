"""Services for connections, host keys, environments and remote files. The only module of this app that writes rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from remote.environments import discovery as finding
from remote.errors import ConfigurationUnavailable, InvalidInput
from remote.models import Connection, KnownHost
from remote.ssh import host_keys, sftp
from remote.ssh import known_hosts as hosts_file
from remote.ssh.address import Address
from remote.ssh.credentials import Credentials
from remote.ssh.known_hosts import HostKey
from remote.ssh.loop import loop
from remote.ssh.pool import PooledConnection, pool
from remote.viewers import session_rows
from remote.viewers.session import sessions
from runicorn.api.responses.remote import RemoteConfig, RemoteConnection, RemoteEnvironment
from runicorn.settings.capabilities import require

OPEN_SECONDS = 15.0
"""For a connect, whose own limit is shorter."""
FIND_SECONDS = 90.0
"""For probing all Pythons of a host; each has its own limit."""
LOOK_SECONDS = 30.0
CLOSE_SECONDS = 20.0
"""For closing a connection and the viewers that run over it."""
FIELDS = ("host", "port", "known_hosts_host", "key_type", "key_base64", "fingerprint_sha256")


def start() -> None:
    """Start the loop and delete the sessions of processes that have exited. Opens no connection."""
    session_rows.delete_stale()
    pool.before_close[:] = [sessions.end_all_over]
    loop.start()


def stop(timeout: float) -> None:
    """Close every connection, and what runs over it, within `timeout` seconds."""
    began = time.monotonic()
    loop.stop(lambda: pool.close_all(timeout / 2), timeout)
    for session in sessions.all():  # whose end was cut short, or that had no connection
        session_rows.forget(session)
    session_rows.flush(max(0.5, began + timeout - time.monotonic()))


def connect(*, address: Address, credentials: Credentials) -> PooledConnection:
    """Connect to a host, or reuse the open connection.

    Raises:
        HostKeyConflict: the host's key is unknown or changed.
        HostUnreachable: the host cannot be reached.
    """
    if credentials.private_key_path:
        require("ssh-keys")
    elif credentials.method == "agent":
        require("ssh-agent")
    connection = loop.run(pool.open(address, credentials), OPEN_SECONDS)
    now = time.time()
    fields = {
        "auth_method": connection.method,
        "host_key_fingerprint": connection.link.host_key.fingerprint,
        "last_connected": now,
    }
    Connection.objects.update_or_create(
        username=address.username,
        host=address.host,
        port=address.port,
        defaults=fields,
        create_defaults=fields | {"first_connected": now},
    )
    return connection


def environments(*, connection_id: str) -> list[RemoteEnvironment]:
    """Search the host and return its environments.

    Raises:
        RemoteOperationFailed: the host cannot be searched.
    """
    discovered = loop.run(finding.find(pool.get(connection_id)), FIND_SECONDS)
    return [environment.to_dict() for environment in discovered]


def config(*, connection_id: str, environment: str) -> RemoteConfig:
    """Return the defaults for a viewer in an environment.

    Raises:
        RemoteOperationFailed: its Python does not run.
    """
    return loop.run(finding.read_config(pool.get(connection_id), environment), FIND_SECONDS)


def list_folder(*, connection_id: str, path: str) -> sftp.Folder:
    return loop.run(sftp.list_folder(pool.get(connection_id).link, path), LOOK_SECONDS)


def nearest_folder(*, connection_id: str, path: str) -> tuple[sftp.Folder, bool]:
    """List a folder, or the nearest one above it that exists; return also whether it is the folder itself."""
    return loop.run(sftp.nearest_folder(pool.get(connection_id).link, path), LOOK_SECONDS)


def path_kind(*, connection_id: str, path: str) -> tuple[str, str | None]:
    """Return the absolute path, and `folder`, `file` or None if nothing exists there."""
    return loop.run(sftp.path_kind(pool.get(connection_id).link, path), LOOK_SECONDS)


def connections() -> list[RemoteConnection]:
    """Return the open connections and those that are reconnecting."""
    return [connection.to_dict() for connection in pool.all()]


def disconnect(*, address: Address) -> None:
    """Close a connection and stop the viewers that run over it."""
    loop.run(pool.close(address.id), CLOSE_SECONDS)


def known_hosts() -> list[KnownHost]:
    """Return the trusted host keys in the order of the file, after updating the rows from it."""
    with _configuration():
        entries = hosts_file.host_rows(host_keys.read())
    if list(KnownHost.objects.order_by("place").values_list(*FIELDS)) != entries:
        with transaction.atomic():
            KnownHost.objects.all().delete()
            KnownHost.objects.bulk_create(
                KnownHost(place=place, **dict(zip(FIELDS, values, strict=True)))
                for place, values in enumerate(entries)
            )
    return list(KnownHost.objects.order_by("place"))


def accept_host_key(*, host: str, port: int, key: HostKey) -> None:
    """Trust a key that the host presented within the last ten minutes; it replaces the host's earlier keys.

    Raises:
        InvalidInput: the host did not present it.
    """
    if not host_keys.was_presented(host, port, key):
        raise InvalidInput(
            "public_key",
            "public_key: {host} did not present this key within the last ten minutes. Connect again "
            "and compare them.",
            host=host,
        )
    with _configuration():
        host_keys.accept(host, port, key)
    known_hosts()


def remove_host_key(*, host: str, port: int, key_type: str) -> bool:
    """Remove a host's keys of one type; return whether there were any."""
    with _configuration():
        changed = host_keys.remove(host, port, key_type)
    known_hosts()
    return changed


@contextmanager
def _configuration() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationUnavailable(error.strerror or "unknown reason") from error
