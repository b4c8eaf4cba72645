"""A small HTTP server that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

NO_ROUTE = {"detail": "Not found."}
"""The response of a viewer to an unknown route."""


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Says:
    """An answer; `whole=False` breaks off in its middle, a status of 0 closes the connection without a word."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    whole: bool = True


class Recorder:
    """What to answer, first the queue and then by route; and what was asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []
        self.next: deque[Says] = deque()
        self.routes: dict[tuple[str, str], Says] = {}

    def say(self, *answers: Says) -> None:
        """Answer the next requests with these, whatever they ask."""
        self.next.extend(answers)

    def offer(self, method: str, path: str, body: Any) -> None:
        """Answer a route with JSON from now on; bytes are sent as they are."""
        self.routes[method, path] = Says(body)

    def answer(self, request: Asked) -> Says:
        """The answer to a request."""
        self.asked.append(request)
        if self.next:
            return self.next.popleft()
        return self.routes.get((request.method, request.path), Says(NO_ROUTE, 404))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recorder: Recorder

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(raw) if raw else None
        query = parse_qsl(parts.query, keep_blank_values=True)
        says = self.recorder.answer(Asked(self.command, parts.path, query, dict(self.headers), body))
        self.close_connection = not says.whole or not says.status
        if says.status:
            self._say(says)

    def _say(self, says: Says) -> None:
        content = says.body if isinstance(says.body, bytes) else json.dumps(says.body).encode()
        self.send_response(says.status)
        for name, value in says.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if says.whole else content[: len(content) // 2])

    do_GET = do_POST = do_PUT = do_DELETE = _handle

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def told_server() -> Iterator[Recorder]:
    """Such a server on a free port."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        handler.recorder = Recorder(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield handler.recorder
        server.shutdown()
        thread.join()
