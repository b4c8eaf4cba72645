"""Backpressure of WebSockets: send only as fast as the client reads.

daphne accepts every frame and buffers what the client has not read, without a limit. But Twisted pauses a registered
producer while more than 64 KiB wait to be written: `SocketFlow` registers one for every WebSocket and puts it into
the scope, so that a consumer can wait for its client.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

FAR_BEHIND = 8 * 1024 * 1024
"""Bytes that a client may be behind for any time; beyond them it has to catch up."""

PATIENCE = 2.0
"""Seconds of waiting for a client that is far behind and does not catch up."""

CLOSE_SECONDS = 30.0
"""Seconds that a client has to read the remaining frames and the close code."""


class FellBehind(Exception):
    """The client reads more slowly than data is produced, and is too far behind to wait for."""


class ClientLeft(Exception):
    """The client has closed its end; unread data keeps the connection open for a while."""


class Patience:
    """Distinguishes a slow client from one that will not catch up.

    Only time spent waiting for the client counts, not the time in which the server itself produces a burst. Measured
    in two spans, so that a burst within one span is no reason to disconnect.
    """

    def __init__(self) -> None:
        self._waited = 0.0
        self._mark: int | None = None
        self._failures = 0

    def record_wait(self, seconds: float, behind: int) -> None:
        """Record a wait of `seconds` for a client that is now `behind` bytes behind.

        Raises:
            FellBehind: it was far behind and did not catch up for `PATIENCE` seconds.
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


class Flow:
    """The write side of one client's connection, as a push producer of its Twisted transport.

    Without a transport (test communicators, other servers) the client is always ready.
    """

    def __init__(self, protocol: Any = None) -> None:
        self._protocol = protocol
        self._ready = asyncio.Event()
        self._ready.set()
        self._patience = Patience()

    def attach(self) -> None:
        """Replace the HTTP channel as producer, which no longer controls an upgraded connection."""
        transport: Any = getattr(self._protocol, "transport", None)
        if transport is not None:
            transport.unregisterProducer()
            transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        """Called by Twisted when the write buffer is full."""
        self._ready.clear()

    def resumeProducing(self) -> None:
        """Called by Twisted when the write buffer was written, and as `stopProducing` when the connection is closed."""
        self._ready.set()

    stopProducing = resumeProducing

    async def drain(self, behind: Callable[[], int]) -> None:
        """Yield to other tasks, and wait until the client has read what was sent.

        Args:
            behind: returns the number of bytes still to be sent after that.

        Raises:
            FellBehind: the client is too slow, see `Patience`.
            ClientLeft: the client closes the connection.
        """
        await asyncio.sleep(0)
        self._check_open()
        while not self._ready.is_set():
            began = time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ready.wait(), PATIENCE / 8)
            self._check_open()
            self._patience.record_wait(time.monotonic() - began, behind())

    def _check_open(self) -> None:
        # Autobahn answers a close frame itself, and notifies us only after the last byte was sent.
        if self._protocol is not None and self._protocol.state != self._protocol.STATE_OPEN:
            raise ClientLeft

    def discard_received(self) -> None:
        """Drop received frames: daphne queues them without a limit, and these sockets never read them."""
        if self._protocol is not None:
            self._protocol.onMessage = lambda payload, is_binary: None

    def allow_slow_close(self) -> None:
        """Allow a slow client to read up to the close frame; by default the connection is cut after a second."""
        if self._protocol is not None:
            self._protocol.closeHandshakeTimeout = CLOSE_SECONDS


class SocketFlow:
    """ASGI wrapper that puts a `Flow` under "runicorn.flow" into the scope of each WebSocket.

    It must be outermost, directly under daphne: the protocol is found through daphne's own `send`.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass everything on, WebSockets with their flow in the scope."""
        if scope["type"] != "websocket":
            await self.application(scope, receive, send)
            return
        flow, has_left = Flow(*getattr(send, "args", ())[:1]), False

        async def receiving() -> Message:
            nonlocal has_left
            message = await receive()
            has_left = message["type"] == "websocket.disconnect"
            return message

        async def sending(message: Message) -> None:
            if has_left:  # daphne drops it, other servers raise an error
                return
            with suppress(OSError):  # it has left just now
                await send(message)
            if message["type"] == "websocket.accept":
                flow.attach()

        await self.application({**scope, "runicorn.flow": flow}, receiving, sending)
