"""Early refusals in daphne, by the request head: of the guard, or for a body that is too large.

daphne reads a whole body into memory before it calls the application, which therefore could refuse a request only
afterwards. A chunked body is counted as it arrives. Only archives may be larger; their body goes into a file.
"""

from __future__ import annotations

import re
import tempfile
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from daphne.http_protocol import HTTPFactory, WebRequest

from people.access.routes import rule_of
from runicorn.message import Message
from runicorn.settings import free_space
from runicorn_site.security.guard import SHARED
from runicorn_site.security.peer import Connection
from runicorn_site.security.plain_responses import Refusal, serialize
from runicorn_site.security.request_rules import Head
from runicorn_site.security.tokens import is_form
from runicorn_site.transport.connections import LimitedChannel

MAX_BODY = 8 * 1024 * 1024
"""Bytes; files come in parts of this size."""
OPEN_BODY = 64 * 1024
"""Bytes at addresses that need no login: only short forms are sent there."""
OF_ARCHIVES = re.compile(r"/api/import/archive/?|/import")
"""Paths that accept an archive as one body."""
NO_ROOM = Refusal(507, Message("The disk has no space for the body of the request"))


def nameless_file(folder: Path) -> IO[bytes]:
    """Create a file in a folder that is deleted when it is closed."""
    return tempfile.TemporaryFile(dir=folder)


def no_room(error: OSError) -> Refusal:
    return Refusal(507, error.strerror or "") if isinstance(error, free_space.NotEnoughSpace) else NO_ROOM


def most_bytes(head: Head, of_archives: int) -> int:
    """Return the largest number of bytes of a request's body."""
    if head.method == "POST" and OF_ARCHIVES.fullmatch(head.path):
        return max(MAX_BODY, of_archives)
    rule = rule_of(head.method, head.path)
    is_open = head.path.startswith(SHARED) or is_form(head) or (rule is not None and rule.scope is None)
    return OPEN_BODY if is_open else MAX_BODY


def too_large(limit: int) -> Refusal:
    """Return the response to a body of more than `limit` bytes."""
    return Refusal(413, Message("The body of the request is larger than {most} bytes", most=limit))


class BoundedRequest(WebRequest):  # type: ignore[misc]  # daphne has no annotations
    """A request whose body may have `MAX_BODY` bytes, or as many as an archive may where one may come."""

    refused = False
    body_bytes = 0
    most = MAX_BODY
    spooled: IO[bytes] | None = None
    content: IO[bytes]
    head: Head | None = None
    # Django parses forms.
    _parsePOSTFormSubmission = False

    def gotLength(self, length: int | None) -> None:
        """Called when the head is complete; `None` for a body without a length."""
        refusal = self.refusal_by_head(length)
        if refusal is not None:
            self.refuse(refusal)
            return
        super().gotLength(length)
        if self.most > MAX_BODY:
            self.content.close()
            try:
                free_space.require(self.server.spool_folder, length or 0)
                self.content = nameless_file(self.server.spool_folder)
            except OSError as error:
                self.refuse(no_room(error))

    def refusal_by_head(self, length: int | None) -> Refusal | None:
        """Return the refusal of a request with a body, or of a handshake; the guard refuses all others later."""
        if length == 0 and not self.requestHeaders.hasHeader(b"upgrade"):
            return None
        headers = [(name.lower(), value) for name, value in self.header_lines() if b"_" not in name]
        socket = (b"upgrade", b"websocket") in [(name, value.lower()) for name, value in headers]
        if length == 0 and not socket:
            return None
        target = self.channel._path.decode("latin-1")
        head = Head(self.channel._command.decode("latin-1"), target, headers, socket)
        ends = Connection(_endpoint(self.channel.getPeer()), _endpoint(self.channel.getHost()))
        if forwarding := self.server.policy.forwarding:
            head, client = forwarding.apply(head, ends.address)
            ends = ends if client == ends.address else Connection((client, 0), ends.server)
        self.head = head
        self.most = most_bytes(head, self.server.most_of_archives)
        refusal = self.server.policy.refused_early(head, ends)
        return too_large(self.most) if refusal is None and (length or 0) > self.most else refusal

    def header_lines(self) -> list[tuple[bytes, bytes]]:
        """Return all headers, repeated ones included."""
        return [(name, value) for name, values in self.requestHeaders.getAllRawHeaders() for value in values]

    def handleContentChunk(self, data: bytes) -> None:
        self.body_bytes += len(data)
        if self.refused:
            return
        if self.body_bytes > self.most:
            self.refuse(too_large(self.most))
            return
        try:
            if self.most > MAX_BODY:
                free_space.require(self.server.spool_folder, len(data))
            super().handleContentChunk(data)
        except OSError as error:  # of the file that an archive goes into
            self.refuse(no_room(error))

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Called when the body is complete, also of a refused request whose rest was on its way."""
        if self.refused:
            return
        if self.most > MAX_BODY:
            self.spooled, self.content = self.content, BytesIO()
            # A body that came in chunks has a length now.
            self.requestHeaders.setRawHeaders(b"Content-Length", [b"%d" % self.body_bytes])
        super().requestReceived(command, path, version)

    def handle_exception(self, exception: BaseException) -> None:
        """Abort the connection, so that the client does not take a partial response for complete; daphne has logged it."""
        if self._response_started:
            self.channel.transport.abortConnection()
        else:
            self.basic_error(500, b"", "Internal server error. See the server log.")

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Format refusals of daphne as our errors."""
        target = self.path.decode("ascii", errors="replace")
        head, _ = self.server.policy.forwarding.apply(Head("GET", target, []), "")
        headers, content = serialize(Refusal(status, body), head.path, head.prefix)
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": content})

    def refuse(self, refusal: Refusal) -> None:
        """Respond, and read no further."""
        self.refused = True
        self.requestHeaders.removeHeader(b"Expect")
        self.channel.refuse(refusal, head=self.head)


def _endpoint(address: Any) -> tuple[str, int] | None:
    """Return host and port of a Twisted address, or None of a Unix socket."""
    return (str(address.host), address.port) if hasattr(address, "port") else None


class BoundedFactory(HTTPFactory):  # type: ignore[misc]
    protocol = LimitedChannel

    def log(self, request: Any) -> None:
        """Write no access log; Twisted would format a line for each request and discard it."""

    def buildProtocol(self, addr: Any) -> Any:
        """Return a connection of daphne with our request class."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        protocol.table = self.server.table
        protocol.forwarding = self.server.policy.forwarding
        return protocol
