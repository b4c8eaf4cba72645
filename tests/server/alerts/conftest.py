"""Receivers of messages, rules and channels for the tests of alerts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from rest_framework.test import APIClient

from alerts.judging import rule_set
from tests.processes import free_port

FAILED = {"kind": "state", "states": ["failed"]}


@dataclass
class Receiver:
    """An HTTP server on loopback that keeps what it was sent."""

    port: int = 0
    status: int = 200
    location: str = ""
    hangs: threading.Event | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    raw: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook"

    def sentences(self, event: str = "fired") -> list[str]:
        """The sentences of the messages about single events."""
        return [body["sentence"] for body in self.bodies if body["event"] == event]


@pytest.fixture
def make_receiver() -> Iterator[Callable[..., Receiver]]:
    """Starts receivers and ends them with the test."""
    servers: list[ThreadingHTTPServer] = []

    def make(**settings: Any) -> Receiver:
        receiver = Receiver(**settings)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.hangs is not None:
                    receiver.hangs.wait(120)
                receiver.raw.append((raw, dict(self.headers)))
                receiver.bodies.append(json.loads(raw))
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        receiver.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return receiver

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver(make_receiver: Callable[..., Receiver]) -> Receiver:
    """A receiver that accepts everything."""
    return make_receiver()


class Mailbox:
    """Keeps the messages that an SMTP server accepts."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.url = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Accept a message."""
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A real SMTP server on loopback; `url` is its channel."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), ready_timeout=60)
    controller.start()
    box.url = f"mailto://127.0.0.1:{controller.port}/?to=me@example.org&from=runicorn@example.org&mode=insecure&format=text"
    yield box
    controller.stop()


@pytest.fixture
def alerts(store: Path, api: APIClient) -> Iterator[Callable[..., Any]]:
    """`alerts("POST", "rules", {...})` sends a request to the API in this process and returns the JSON."""

    def send(method: str, path: str, body: Any = None, *, expect: int | None = None) -> Any:
        answer = (
            getattr(api, method.lower())(f"/api/v2/alerts/{path}", body, format="json")
            if body is not None
            else getattr(api, method.lower())(f"/api/v2/alerts/{path}")
        )
        usual = 201 if method == "POST" and path in ("rules", "channels") else 200
        assert answer.status_code == (expect or usual), answer.content
        return answer.json()

    rule_set.forget()
    yield send
    rule_set.forget()
