"""Pool of open SSH connections: at most one for each `user@host:port`, shared by callers with the same credentials.

    connection = await pool.open(address, credentials)     connect, or reuse the open connection
    connection = pool.get(connection_id)                   an open connection
    await connection.link.run("ls", "-l")                  use it

No lock is held during a connect, so a slow host delays no other. A lost connection is removed, unless it is claimed
(`connection.claim`): then it reconnects with growing pauses. Everything runs in the loop of `remote/ssh/loop.py`;
nothing is written to disk, and credentials are kept in memory as long as their connection.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from remote.errors import ConnectionNotFound, HostKeyConflict, RemoteError, RemoteUnavailable
from remote.ssh import login
from remote.ssh.address import Address
from remote.ssh.client import Link
from remote.ssh.credentials import Credentials
from runicorn.message import Message

if TYPE_CHECKING:
    from runicorn.api.responses.remote import RemoteConnection

State = Literal["connected", "reconnecting", "closed"]
CloseCallback = Callable[["PooledConnection"], Awaitable[None]]

PING_SECONDS = 10.0
PING_TIMEOUT = 10.0
CLOSE_CALLBACK_SECONDS = 15.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
logger = logging.getLogger(__name__)


class PooledConnection:
    """A connection of the pool. `link` is the current SSH connection, replaced on reconnect.

    `up` is set while connected, `down` while disconnected; `closed` is set once, at the end.
    """

    def __init__(self, link: Link, credentials: Credentials) -> None:
        self.address = link.address
        self.link = link
        self.method = credentials.method
        self.connected_at = self.seen_at = time.time()
        self.latency: float | None = None
        """Round-trip time in seconds."""
        self.attempts = 0
        """Failed reconnects since the connection was lost."""
        self.error = ""
        """Why it is disconnected, as a sentence."""
        self.up, self.down, self.closed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.up.set()
        self.memory: dict[str, Any] = {}
        """Per-connection caches of other modules."""
        self.proofs = {credentials.proof}
        self._credentials: Credentials | None = credentials
        self._claims: set[str] = set()
        self._retry_now = asyncio.Event()

    @property
    def id(self) -> str:
        """`user@host:port`."""
        return self.address.id

    @property
    def state(self) -> State:
        if self.closed.is_set():
            return "closed"
        return "connected" if self.up.is_set() else "reconnecting"

    @property
    def needed(self) -> bool:
        """Whether a claim requires it to reconnect."""
        return bool(self._claims)

    def claim(self, who: str) -> None:
        """Require the connection: when it is lost it reconnects until `release`."""
        self._claims.add(who)

    def release(self, who: str) -> None:
        """Withdraw a claim; unknown names are ignored."""
        self._claims.discard(who)
        self._retry_now.set()

    def to_dict(self) -> RemoteConnection:
        latency = None if self.latency is None else round(self.latency * 1000, 2)
        return {
            "key": self.id,
            "connection_id": self.id,
            "host": self.address.host,
            "port": self.address.port,
            "username": self.address.username,
            "connected": self.state == "connected",
            "state": self.state,
            "auth_method": self.method,
            "connected_at": self.connected_at,
            "last_seen": self.seen_at,
            "latency_ms": latency,
            "reconnect_attempts": self.attempts,
            "error": self.error,
        }

    async def watch(self) -> None:
        """Monitor the connection until it is closed, or lost without a claim."""
        while not self.closed.is_set():
            await self._measure_latency()
            if self.closed.is_set():
                break
            self.up.clear()
            self.down.set()
            self.latency = None
            self.error = Message("The connection to {name} was lost.", name=self.id)
            if not await self._reconnect():
                break
            self._mark_connected()
        await self.end()

    async def _measure_latency(self) -> None:
        """Measure the latency periodically. A vanished host is detected by SSH's own keepalive."""
        while not self.link.ended.is_set():
            try:
                self.latency = await self.link.ping(PING_TIMEOUT)
                self.seen_at = time.time()
            except RemoteUnavailable:  # a long download may delay the answer
                self.latency = None
            with suppress(TimeoutError):
                async with asyncio.timeout(PING_SECONDS):
                    await self.link.ended.wait()

    async def _reconnect(self) -> bool:
        """Reconnect while the connection is claimed; return whether that succeeded."""
        pause = FIRST_PAUSE
        while self.needed and self._credentials is not None:
            try:
                self.link = await login.connect(self.address, self._credentials)
            except RemoteUnavailable as error:
                self.attempts += 1
                self.error = str(error.detail)
            except RemoteError as error:  # retrying would fail the same way
                self.error = error_sentence(error)
                return False
            else:
                return True
            self._retry_now.clear()
            with suppress(TimeoutError):
                # Jitter: ten connections must not reconnect at the same moment when a switch comes back.
                async with asyncio.timeout(pause * random.uniform(0.8, 1.2)):
                    await self._retry_now.wait()
            pause = min(pause * 2, LONGEST_PAUSE)
        return False

    def replace_link(self, link: Link, credentials: Credentials) -> None:
        """Adopt a new link; call `watch` to monitor it."""
        self.link, self._credentials, self.method = link, credentials, credentials.method
        self.proofs = {credentials.proof}
        self._mark_connected()

    def _mark_connected(self) -> None:
        self.error, self.attempts = "", 0
        self.connected_at = self.seen_at = time.time()
        self.down.clear()
        self.up.set()

    async def end(self) -> None:
        """Close the connection and drop the credentials. Idempotent."""
        self._credentials = None
        self.proofs.clear()
        self.up.clear()
        self.down.set()
        self.closed.set()
        self._retry_now.set()
        await self.link.close()


def error_sentence(error: RemoteError) -> str:
    """Return the error as a sentence; the detail of a host key conflict is an object."""
    if isinstance(error, HostKeyConflict):
        return Message(
            "{host} presents a different key than before. Connect again to compare them.",
            host=error.host_key["known_hosts_host"],
        )
    return str(error.detail)


class Pool:
    def __init__(self) -> None:
        self.before_close: list[CloseCallback] = []
        """Called in order before a connection is closed on purpose, to stop what runs over it."""
        self._connections: dict[str, PooledConnection] = {}
        self._watches: dict[PooledConnection, asyncio.Task[None]] = {}

    async def open(self, address: Address, credentials: Credentials) -> PooledConnection:
        """Return the open connection for these credentials, or connect.

        Other credentials must first be accepted by the host; then the open connection is shared.
        """
        existing = self._connections.get(address.id)
        if existing is not None and existing.state == "connected" and credentials.proof in existing.proofs:
            return existing
        link = await login.connect(address, credentials)
        existing = self._connections.get(address.id)
        if existing is None or existing.state == "closed":
            existing = self._connections[address.id] = PooledConnection(link, credentials)
        elif existing.state == "connected":
            existing.proofs.add(credentials.proof)
            await link.close()
            return existing
        else:
            self._watches.pop(existing).cancel()
            existing.replace_link(link, credentials)
        self._watch(existing)
        return existing

    def _watch(self, connection: PooledConnection) -> None:
        watch = self._watches[connection] = asyncio.create_task(
            connection.watch(), name=f"watch {connection.id}"
        )
        watch.add_done_callback(
            lambda task: None if task.cancelled() else self._forget(connection, task.exception())
        )

    def _forget(self, connection: PooledConnection, error: BaseException | None) -> None:
        if error is not None:
            logger.error("Watcher of connection %s crashed", connection.id, exc_info=error)
            connection.closed.set()
        self._watches.pop(connection, None)
        if self._connections.get(connection.id) is connection:
            del self._connections[connection.id]

    def get(self, connection_id: str, connected: bool = True) -> PooledConnection:
        """Return an open connection.

        Args:
            connection_id: `user@host:port`.
            connected: raise for a connection that is reconnecting, too.
        """
        connection = self._connections.get(connection_id)
        if (
            connection is None
            or connection.state == "closed"
            or (connected and connection.state != "connected")
        ):
            raise ConnectionNotFound(connection_id)
        return connection

    def all(self) -> list[PooledConnection]:
        """Return the open and reconnecting connections in the order of their first connect."""
        # A copy, because other threads call this.
        return [connection for connection in list(self._connections.values()) if connection.state != "closed"]

    async def close(self, connection_id: str, patience: float = CLOSE_CALLBACK_SECONDS) -> None:
        """Close a connection and stop what runs over it.

        Args:
            connection_id: `user@host:port`.
            patience: seconds for the callbacks; then the connection is closed anyway.
        """
        connection = self.get(connection_id, connected=False)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    for callback in self.before_close:
                        await callback(connection)
        finally:
            await connection.end()

    async def close_all(self, patience: float = CLOSE_CALLBACK_SECONDS) -> None:
        """Close all connections concurrently and stop what runs over them."""
        every = [self.close(connection.id, patience) for connection in self.all()]
        await asyncio.gather(*every, return_exceptions=True)


pool = Pool()
"""The pool of this process."""
