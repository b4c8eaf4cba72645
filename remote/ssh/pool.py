"""The connections that are open: at most one to each `user@host:port`, shared by those who show its credentials.

    connection = await pool.open(address, credentials)     connect, or join what is there
    connection = pool.get(connection_id)                   what is there
    await connection.link.run("ls", "-l")                  use it

Nothing here waits for another host than its own: there is no lock around a connect. A connection that is lost goes
away, unless somebody needs it (`connection.claim`): then it is made again, with longer and longer pauses. Everything runs
in the loop of `remote/ssh/loop.py`; nothing is written, and the credentials of a connection live as long as it does.
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
    """A connection of the pool. `link` is the live one, another one after a reconnection.

    `up` is set while it is connected and `down` while it is not; `closed` is set once, at its end.
    """

    def __init__(self, link: Link, credentials: Credentials) -> None:
        self.address = link.address
        self.link = link
        self.method = credentials.method
        self.connected_at = self.seen_at = time.time()
        self.latency: float | None = None
        """Seconds to the host and back."""
        self.attempts = 0
        """Vain attempts to reconnect since the connection was lost."""
        self.error = ""
        """Why it is not connected, as a sentence."""
        self.up, self.down, self.closed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.up.set()
        self.memory: dict[str, Any] = {}
        """What others keep about this connection, for as long as it lives."""
        self.proofs = {credentials.proof}
        self._credentials: Credentials | None = credentials
        self._claims: set[str] = set()
        self._hurry = asyncio.Event()

    @property
    def id(self) -> str:
        """`user@host:port`."""
        return self.address.id

    @property
    def state(self) -> State:
        """What becomes of it."""
        if self.closed.is_set():
            return "closed"
        return "connected" if self.up.is_set() else "reconnecting"

    @property
    def needed(self) -> bool:
        """Whether somebody wants it back when it is lost."""
        return bool(self._claims)

    def claim(self, who: str) -> None:
        """Need it: when it is lost it is made again, until `release`."""
        self._claims.add(who)

    def release(self, who: str) -> None:
        """Need it no more; unknown names are fine."""
        self._claims.discard(who)
        self._hurry.set()

    def to_dict(self) -> RemoteConnection:
        """Serialize for the API."""
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
        """Look after it until it is closed, or lost and needed by nobody."""
        while not self.closed.is_set():
            await self._while_it_lives()
            if self.closed.is_set():
                break
            self.up.clear()
            self.down.set()
            self.latency = None
            self.error = f"The connection to {self.id} was lost."
            if not await self._again():
                break
            self._is_up()
        await self.end()

    async def _while_it_lives(self) -> None:
        """Ask how long an answer takes, again and again; that the host is gone is noticed by SSH's own keepalive."""
        while not self.link.ended.is_set():
            try:
                self.latency = await self.link.ping(PING_TIMEOUT)
                self.seen_at = time.time()
            except RemoteUnavailable:  # a long download may stand before the answer
                self.latency = None
            with suppress(TimeoutError):
                async with asyncio.timeout(PING_SECONDS):
                    await self.link.ended.wait()

    async def _again(self) -> bool:
        """Connect again while somebody needs it; whether that came about."""
        pause = FIRST_PAUSE
        while self.needed and self._credentials is not None:
            try:
                self.link = await login.connect(self.address, self._credentials)
            except RemoteUnavailable as error:
                self.attempts += 1
                self.error = str(error.detail)
            except RemoteError as error:  # it will not be otherwise the next time
                self.error = told(error)
                return False
            else:
                return True
            self._hurry.clear()
            with suppress(TimeoutError):
                # Not all at once, when a switch comes back and ten connections with it.
                async with asyncio.timeout(pause * random.uniform(0.8, 1.2)):
                    await self._hurry.wait()
            pause = min(pause * 2, LONGEST_PAUSE)
        return False

    def take(self, link: Link, credentials: Credentials) -> None:
        """Go on with a connection that somebody made; nobody watches it until `watch` is called again."""
        self.link, self._credentials, self.method = link, credentials, credentials.method
        self.proofs = {credentials.proof}
        self._is_up()

    def _is_up(self) -> None:
        self.error, self.attempts = "", 0
        self.connected_at = self.seen_at = time.time()
        self.down.clear()
        self.up.set()

    async def end(self) -> None:
        """Hang up and forget the credentials; once more changes nothing."""
        self._credentials = None
        self.proofs.clear()
        self.up.clear()
        self.down.set()
        self.closed.set()
        self._hurry.set()
        await self.link.close()


def told(error: RemoteError) -> str:
    """What went wrong, as a sentence; that of a host key is an object in answers."""
    if isinstance(error, HostKeyConflict):
        return f"{error.host_key['known_hosts_host']} shows another key than before: connect anew to compare them."
    return str(error.detail)


class Pool:
    """All open connections of this process."""

    def __init__(self) -> None:
        self.before_close: list[CloseCallback] = []
        """Called, in order, before a connection is closed on purpose: whoever uses it ends what runs over it."""
        self._held: dict[str, PooledConnection] = {}
        self._watches: dict[PooledConnection, asyncio.Task[None]] = {}

    async def open(self, address: Address, credentials: Credentials) -> PooledConnection:
        """The connection to an address: the one that is there, for those who show its credentials, or a new one.

        Somebody with other credentials has to be let in by the host first, and then shares what is there.

        Raises:
            as `login.connect`.
        """
        there = self._held.get(address.id)
        if there is not None and there.state == "connected" and credentials.proof in there.proofs:
            return there
        link = await login.connect(address, credentials)
        there = self._held.get(address.id)
        if there is None or there.state == "closed":
            there = self._held[address.id] = PooledConnection(link, credentials)
        elif there.state == "connected":
            there.proofs.add(credentials.proof)
            await link.close()
            return there
        else:
            self._watches.pop(there).cancel()
            there.take(link, credentials)
        self._watch(there)
        return there

    def _watch(self, connection: PooledConnection) -> None:
        watch = self._watches[connection] = asyncio.create_task(
            connection.watch(), name=f"watch {connection.id}"
        )
        watch.add_done_callback(
            lambda done: None if done.cancelled() else self._forget(connection, done.exception())
        )

    def _forget(self, connection: PooledConnection, error: BaseException | None) -> None:
        if error is not None:
            logger.error("Watcher of connection %s crashed", connection.id, exc_info=error)
            connection.closed.set()
        self._watches.pop(connection, None)
        if self._held.get(connection.id) is connection:
            del self._held[connection.id]

    def get(self, connection_id: str, connected: bool = True) -> PooledConnection:
        """An open connection.

        Args:
            connection_id: `user@host:port`.
            connected: whether one that is just being made again counts as none.

        Raises:
            ConnectionNotFound: there is none of that id.
        """
        connection = self._held.get(connection_id)
        if (
            connection is None
            or connection.state == "closed"
            or (connected and connection.state != "connected")
        ):
            raise ConnectionNotFound(connection_id)
        return connection

    def all(self) -> list[PooledConnection]:
        """Those that are open or being made again, in the order of their first connection."""
        # Copied at once: it is asked for by other threads than the loop's.
        return [connection for connection in list(self._held.values()) if connection.state != "closed"]

    async def close(self, connection_id: str, patience: float = CLOSE_CALLBACK_SECONDS) -> None:
        """End a connection and what runs over it.

        Args:
            connection_id: `user@host:port`.
            patience: seconds for the callbacks; then the connection is closed anyway.

        Raises:
            ConnectionNotFound: there is none of that id.
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
        """End all connections and what runs over them, all at the same time."""
        every = [self.close(connection.id, patience) for connection in self.all()]
        await asyncio.gather(*every, return_exceptions=True)


pool = Pool()
"""The one of this process."""
