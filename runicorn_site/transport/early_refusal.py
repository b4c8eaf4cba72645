"""Refusals written directly to a connection: invalid HTTP, and oversized heads.

`body_limits.py` uses it for requests that the guard refuses by their head, and for bodies that are too large.
"""

from __future__ import annotations

import asyncio
from typing import Any

from twisted.internet.protocol import Protocol
from twisted.web.http import HTTPChannel

from runicorn_site.security.forwarding import Forwarding
from runicorn_site.security.guard import language_of
from runicorn_site.security.plain_responses import Refusal, raw_answer
from runicorn_site.security.request_rules import Head

LINGER_SECONDS = 3
LINGER_BYTES = 64 * 1024 * 1024

NOT_HTTP = Refusal(400, "The request could not be understood")
LONG_ADDRESS = Refusal(414, f"The address of the request is longer than {HTTPChannel.MAX_LENGTH} bytes")
LONG_HEADERS = Refusal(
    431, f"The headers of the request are longer than {HTTPChannel.totalHeadersSize} bytes"
)


class Drain(Protocol):
    """Rest of a refused connection: keep reading for a moment, so that the client can read the response.

    Closing while the client is still sending would reset the connection and lose the response.
    """

    transport: Any

    def __init__(self) -> None:
        self.received = 0

    def connectionMade(self) -> None:
        """Close the write side, and set a deadline."""
        self.transport.loseWriteConnection()
        loop = asyncio.get_running_loop()
        self.deadline = loop.call_later(LINGER_SECONDS, self.transport.abortConnection)

    def dataReceived(self, data: bytes) -> None:
        """Discard what the client still sends, up to `LINGER_BYTES`."""
        self.received += len(data)
        if self.received > LINGER_BYTES:
            self.transport.abortConnection()

    def connectionLost(self, reason: Any = None) -> None:
        """The client has closed."""
        self.deadline.cancel()


class Channel(HTTPChannel):
    """A connection whose refusals are formatted as our errors."""

    transport: Any
    forwarding = Forwarding()

    def lineReceived(self, line: bytes) -> None:
        """Handle a line of a request's head."""
        if self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            self.refuse(LONG_HEADERS)
        else:
            super().lineReceived(line)  # type: ignore[no-untyped-call]

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a line that is too long; the first one holds the address."""
        if hasattr(self, "_path"):
            self.refuse(LONG_HEADERS)
        else:
            target = line.split(b" ", 2)[1:2]
            self.refuse(LONG_ADDRESS, target[0] if target else b"/")

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(NOT_HTTP)

    def refuse(self, refusal: Refusal, target: bytes | None = None, head: Head | None = None) -> None:
        """Respond, and read no further.

        Args:
            target: the address asked for, where the head has not been read so far.
            head: where it has been read.
        """
        path: bytes = target or getattr(self, "_path", None) or b"/"
        if head is None:
            head, _ = self.forwarding.apply(Head("GET", path.decode("latin-1"), []), "")
        # The loop of the parser may still hold lines that arrived together with the refused one.
        for name in ("lineReceived", "rawDataReceived", "lineLengthExceeded"):
            setattr(self, name, _ignore)
        for request in self.requests:  # `connectionLost` is not called on them
            request.server.protocol_disconnected(request)
        self.transport.write(raw_answer(refusal, head.path, head.prefix, language_of(head)))
        self.setTimeout(None)  # type: ignore[no-untyped-call]
        self.transport.unregisterProducer()
        self.transport.resumeProducing()
        self.transport.protocol = Drain()
        self.transport.protocol.makeConnection(self.transport)


def _ignore(data: bytes) -> None:
    return None
