"""daphne's requests with a limit on their bodies: what is too large is refused before it is read.

daphne keeps a whole body in memory before the application sees the request, so the application cannot be the one to
refuse it. A body without a length (chunked) is counted as it comes in.
"""

from __future__ import annotations

import asyncio
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.internet.protocol import Protocol

from runicorn_site.answers import Refusal, raw_answer, whole

MAX_BODY = 8 * 1024 * 1024
"""Bytes; files come in parts of this size."""

LINGER_SECONDS = 3
LINGER_BYTES = 64 * 1024 * 1024


class Drain(Protocol):
    """What is left of a refused connection: reads on for a moment, so that the client gets to read the answer.

    Closing at once while the client is still sending would reset the connection, answer included.
    """

    transport: Any

    def __init__(self) -> None:
        self.seen = 0

    def connectionMade(self) -> None:
        """Say that nothing more will come, and set a deadline."""
        self.transport.loseWriteConnection()
        loop = asyncio.get_running_loop()
        self.deadline = loop.call_later(LINGER_SECONDS, self.transport.abortConnection)

    def dataReceived(self, data: bytes) -> None:
        """Forget what the client still sends, within reason."""
        self.seen += len(data)
        if self.seen > LINGER_BYTES:
            self.transport.abortConnection()

    def connectionLost(self, reason: Any = None) -> None:
        """The client has closed."""
        self.deadline.cancel()


class BoundedRequest(WebRequest):
    """A request whose body may have `MAX_BODY` bytes."""

    refused = False
    body_bytes = 0

    def gotLength(self, length: int | None) -> None:
        """Called when the head is complete; `None` for a body without a length."""
        if length is not None and length > MAX_BODY:
            self.refuse()
        else:
            super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:
        """Take a piece of the body."""
        self.body_bytes += len(data)
        if self.refused:
            return
        if self.body_bytes > MAX_BODY:
            self.refuse()
        else:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The body is complete; of a refused one only what was on its way already is."""
        if not self.refused:
            super().requestReceived(command, path, version)

    def handle_exception(self, exception: BaseException) -> None:
        """The application has failed: daphne has logged it, and the client must not take what it got for whole."""
        if self._response_started:
            self.channel.transport.abortConnection()
        else:
            self.basic_error(500, b"", "Something went wrong in the server. Its log says what.")

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """What daphne refuses by itself, in the shape of our errors."""
        path = self.path.decode("ascii", errors="replace").partition("?")[0]
        headers, content = whole(Refusal(status, body), path)
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": content})

    def refuse(self) -> None:
        """Answer 413 and read no further."""
        self.refused = True
        self.requestHeaders.removeHeader(b"Expect")
        self.server.protocol_disconnected(self)
        transport = self.channel.transport
        refusal = Refusal(413, f"The body of the request is larger than {MAX_BODY} bytes")
        transport.write(raw_answer(refusal, self.channel._path.decode("latin-1")))
        self.channel.setTimeout(None)
        transport.unregisterProducer()
        transport.resumeProducing()
        transport.protocol = Drain()
        transport.protocol.makeConnection(transport)


class BoundedFactory(HTTPFactory):
    """Makes connections whose requests are bounded."""

    def buildProtocol(self, addr: Any) -> Any:
        """A connection as daphne makes it, with our kind of request."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol
