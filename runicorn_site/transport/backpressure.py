"""Back-pressure: an answer is produced only as fast as its client takes it.

daphne writes whatever an application sends into an unbounded buffer; a slow client of a big download would fill the
memory. The transport's own pause and resume signals reach the application here.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from runicorn_site.security.guard import Receive, Scope, Send


class Gate:
    """Twisted's push producer for one answer: open while the client's buffer has room."""

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
        """The client is gone: whoever waits may go on, what is sent is dropped."""
        self.open.set()


class BackPressure:
    """The outermost wrapper of the application; without daphne it changes nothing."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with a `send` that waits while the client's buffer is full."""
        request = next(iter(getattr(send, "args", ())), None)  # daphne's `send` is a partial over its request
        if scope["type"] == "http" and hasattr(request, "registerProducer"):
            send = gated(request, send)
        await self.app(scope, receive, send)


def gated(request: Any, send: Send) -> Send:
    """`send` for one request of daphne, which waits after each part that found the buffer full."""
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
