"""Backpressure: produce a response only as fast as its client reads it.

daphne writes into an unbounded buffer, so a slow client of a large download would fill the memory. This module passes
the pause and resume signals of the transport on to the application.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from runicorn_site.security.guard import Send


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


class Backpressure:
    """The write side of one request; has no effect without daphne."""

    def __init__(self, send: Send) -> None:
        self.send = send
        request = next(iter(getattr(send, "args", ())), None)  # daphne's `send` is a partial over its request
        self.request: Any = request if hasattr(request, "registerProducer") else None
        self.gate: Gate | None = None

    async def send_part(self, message: MutableMapping[str, Any]) -> None:
        """Send a part of a body, and wait while the client's buffer is full if more follow."""
        if not message.get("more_body"):
            if self.gate is not None and self.request.channel is not None:
                self.request.unregisterProducer()
            await self.send(message)
            return
        if self.gate is None and self.request is not None and self.request.channel is not None:
            self.gate = Gate()
            self.request.registerProducer(self.gate, True)
        await self.send(message)
        if self.gate is not None:
            await self.gate.open.wait()
