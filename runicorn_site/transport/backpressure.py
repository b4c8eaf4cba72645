"""Backpressure: produce a response only as fast as its client reads it.

daphne writes into an unbounded buffer, so a slow client of a large download would fill the memory. This module passes
the pause and resume signals of the transport on to the application.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from runicorn_site.security.guard import Receive, Scope, Send


class Gate:
    """Twisted's push producer for one response: open while the buffer is not full."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def pauseProducing(self) -> None:
        """The buffer is full."""
        self.open.clear()

    def resumeProducing(self) -> None:
        """The buffer has been sent."""
        self.open.set()

    def stopProducing(self) -> None:
        """The client is gone: resume, what is sent is dropped."""
        self.open.set()


class BackPressure:
    """Outermost wrapper of the application; has no effect without daphne."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with a `send` that waits while the client's buffer is full."""
        request = next(iter(getattr(send, "args", ())), None)  # daphne's `send` is a partial over its request
        if scope["type"] == "http" and hasattr(request, "registerProducer"):
            send = gated(request, send)
        await self.app(scope, receive, send)


def gated(request: Any, send: Send) -> Send:
    """Wrap `send` of one request of daphne to wait while the buffer is full."""
    gate = Gate()
    registered = False

    async def waiting_send(message: MutableMapping[str, Any]) -> None:
        nonlocal registered
        if message["type"] != "http.response.body":
            await send(message)
        elif message.get("more_body"):
            if not registered and request.channel is not None:
                request.registerProducer(gate, True)
                registered = True
            await send(message)
            await gate.open.wait()
        else:
            if registered and request.channel is not None:
                request.unregisterProducer()
            await send(message)

    return waiting_send
