"""The verbs: what people do with other machines. The only place of this app that writes rows."""

from __future__ import annotations

import time

from remote.addresses import Address
from remote.connections import Held, pool
from remote.credentials import Credentials
from remote.loop import loop
from remote.models import Connection

OPEN_SECONDS = 15.0
"""For a connect, which has its own limit below that."""
CLOSE_SECONDS = 20.0
"""For the end of a connection and of the viewers that run over it."""


def start() -> None:
    """Begin to serve: start the loop. Nothing is connected by itself."""
    loop.start()


def stop(timeout: float) -> None:
    """End every connection, and what runs over it, within `timeout` seconds."""
    loop.stop(pool.close_all, timeout)


def connect(*, address: Address, credentials: Credentials) -> Held:
    """Connect to a host, or join the connection that is there.

    Raises:
        HostKeyConflict: the host's key is unknown or changed.
        BadKey: the key that was given cannot be read.
        LoginRefused: the host does not let the user in.
        Unreachable: it cannot be reached.
    """
    held = loop.run(pool.open(address, credentials), OPEN_SECONDS)
    now = time.time()
    seen = {
        "auth_method": held.method,
        "host_key_fingerprint": held.link.host_key.fingerprint,
        "last_connected": now,
    }
    Connection.objects.update_or_create(
        username=address.username,
        host=address.host,
        port=address.port,
        defaults=seen,
        create_defaults=seen | {"first_connected": now},
    )
    return held


def disconnect(*, address: Address) -> None:
    """End a connection and the viewers that run over it.

    Raises:
        NoConnection: there is none to this address.
    """
    loop.run(pool.close(address.id), CLOSE_SECONDS)
