"""Knowing how fast a socket's client takes what it is sent.

daphne takes every frame at once and keeps what the client has not read, without a limit. The transport below
it does know: Twisted pauses a registered producer while more than 64 KiB wait to be written. `SocketFlow`
registers one for every WebSocket and puts it into the scope, so that a consumer reads on only as fast as its
client does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Protocol

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

FAR_BEHIND = 8 * 1024 * 1024
"""Bytes that a client may be behind for as long as it likes; beyond them it has to come closer."""

PATIENCE = 2.0
"""Seconds of waiting for a client that is far behind and comes no closer."""

FAREWELL = 30.0
"""Seconds that a client has to read what is on its way to it, and the close code at the end of that."""


class FellBehind(Exception):
    """The client takes less than there is to send, and is too far behind to wait for."""


class ClientLeft(Exception):
    """The client has closed its end; what it did not read yet keeps the connection for a while."""


class Patience:
    """Tells a client that is slow from one that will not catch up.

    Only time in which the client kept us waiting counts: a burst that the server itself needs long to send is
    not the client's fault. Judged in two spans, so that one burst within a span does not condemn anybody.
    """

    def __init__(self) -> None:
        self._waited = 0.0
        self._mark: int | None = None
        self._failures = 0

    def waited(self, seconds: float, behind: int) -> None:
        """Account for having waited `seconds` for a client that is now `behind` bytes behind.

        Raises:
            FellBehind: it is far behind and came no closer for as long as `PATIENCE`.
        """
        if behind <= FAR_BEHIND:
            self._waited, self._mark, self._failures = 0.0, None, 0
            return
        self._mark = behind if self._mark is None else self._mark
        self._waited += seconds
        if self._waited < PATIENCE / 2:
            return
        self._failures = self._failures + 1 if behind >= self._mark else 0
        self._waited, self._mark = 0.0, behind
        if self._failures == 2:
            raise FellBehind


class _Transport(Protocol):
    """The part of a Twisted transport that is used here."""

    def registerProducer(self, producer: Flow, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...


class Flow:
    """The write side of one client's connection, as a push producer of its Twisted transport.

    Without a transport (a test's communicator, another server) the client counts as always ready.
    """

    def __init__(self, protocol: Any = None) -> None:
        self._protocol = protocol
        self._ready = asyncio.Event()
        self._ready.set()
        self._patience = Patience()

    def attach(self) -> None:
        """Take the place of the HTTP channel, which no longer has a say once the connection was upgraded."""
        transport: _Transport | None = getattr(self._protocol, "transport", None)
        if transport is not None:
            transport.unregisterProducer()
            transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        """Twisted: the write buffer is full."""
        self._ready.clear()

    def resumeProducing(self) -> None:
        """Twisted: the write buffer was written."""
        self._ready.set()

    def stopProducing(self) -> None:
        """Twisted: the connection is gone."""
        self._ready.set()

    async def drained(self, behind: Callable[[], int]) -> None:
        """Give others a turn, and wait until the client has taken what it was sent.

        Args:
            behind: tells how many bytes there still are for this client beyond those.

        Raises:
            FellBehind: it takes too little, see `Patience`.
            ClientLeft: it closes the connection.
        """
        await asyncio.sleep(0)
        self._check_open()
        while not self._ready.is_set():
            began = time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ready.wait(), PATIENCE / 8)
            self._check_open()
            self._patience.waited(time.monotonic() - began, behind())

    def _check_open(self) -> None:
        # Autobahn answers a close frame itself, and tells us only when the last byte has left.
        if self._protocol is not None and self._protocol.state != self._protocol.STATE_OPEN:
            raise ClientLeft

    def leave_unread(self) -> None:
        """Drop what the client says: daphne queues it without a limit, and a socket that only sends never looks."""
        if self._protocol is not None:
            self._protocol.onMessage = _drop

    def say_farewell(self) -> None:
        """Let a slow client read up to the close frame: by default the connection is cut after a second."""
        if self._protocol is not None:
            self._protocol.closeHandshakeTimeout = FAREWELL


def _drop(payload: bytes, is_binary: bool) -> None:
    """Autobahn's `onMessage` of a connection from which nothing is read."""


class SocketFlow:
    """ASGI wrapper that puts a `Flow` under "runicorn.flow" into the scope of each WebSocket.

    It must be the outermost of all, directly under daphne: the protocol is found through daphne's own `send`.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass everything on, WebSockets with their flow."""
        if scope["type"] != "websocket":
            await self.application(scope, receive, send)
            return
        flow = Flow(*getattr(send, "args", ())[:1])

        async def accepting(message: Message) -> None:
            await send(message)
            if message["type"] == "websocket.accept":
                flow.attach()

        await self.application({**scope, "runicorn.flow": flow}, receive, accepting)
