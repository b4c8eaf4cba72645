"""Clients of the two sockets."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.processes import Viewer
from tests.server.live.files import append


@dataclass(frozen=True)
class LiveRun:
    """A run in the store of a viewer, and the ways to its sockets."""

    server: Viewer
    id: str
    folder: Path

    @property
    def log(self) -> Path:
        """`logs.txt` of the run."""
        return self.folder / "logs.txt"

    @property
    def journal(self) -> Path:
        """`events.jsonl` of the run."""
        return self.folder / "events.jsonl"

    def write_log(self, text: str | bytes) -> None:
        """Add to the log."""
        append(self.log, text)

    def write_points(self, first: int, count: int = 1, **values: float) -> None:
        """Log one or more steps, by default with a `loss` that is the step."""
        lines = [
            json.dumps({"ts": step, "type": "metrics", "data": {"global_step": step, "time": step} | metrics})
            for step in range(first, first + count)
            for metrics in [values or {"loss": float(step)}]
        ]
        append(self.journal, "".join(line + "\n" for line in lines))

    def open_log(self, query: str = "", **options: Any) -> ClientConnection:
        """The socket of the log."""
        return open_socket(self.server, f"/api/runs/{self.id}/logs/ws{query}", **options)

    def open_live(self, **place: int) -> ClientConnection:
        """The socket of the run's page."""
        query = "&".join(f"{name}={value}" for name, value in place.items())
        return open_socket(self.server, f"/runs/{self.id}/live?{query}")

    def delete(self) -> None:
        """Move the run to the recycle bin."""
        assert self.server.post("/api/runs/soft-delete", json={"run_ids": [self.id]}).status_code == 200

    def series(self, **query: Any) -> dict[str, Any]:
        """What a page asks for before it opens its socket."""
        answer = self.server.get(f"/runs/{self.id}/series", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def open_socket(server: Viewer, path: str, **options: Any) -> ClientConnection:
    """A client that is connected; frames of any size are taken.

    It does not wait long for the answer to its own close frame: with its queue full it would never read it.
    """
    url = f"ws://127.0.0.1:{server.port}{path}"
    return connect(url, max_size=None, compression=None, proxy=None, close_timeout=0.5, **options)


def lines(client: ClientConnection, count: int, timeout: float = 60) -> list[str]:
    """The next `count` text frames."""
    deadline = time.monotonic() + timeout
    return [str(client.recv(timeout=deadline - time.monotonic())) for _ in range(count)]


def frames(client: ClientConnection, kind: str, timeout: float = 60) -> dict[str, Any]:
    """The next JSON frame of a kind; those of other kinds are passed over."""
    deadline = time.monotonic() + timeout
    while True:
        frame = json.loads(client.recv(timeout=deadline - time.monotonic()))
        if frame["type"] == kind:
            return dict(frame)


def rest(client: ClientConnection, timeout: float = 60) -> tuple[list[str], int]:
    """What still comes until the server closes, and the code with which it does."""
    deadline = time.monotonic() + timeout
    received = []
    try:
        while True:
            received.append(str(client.recv(timeout=deadline - time.monotonic())))
    except ConnectionClosed as closed:
        assert closed.rcvd is not None, f"the connection was cut after {len(received)} frames"
        return received, int(closed.rcvd.code)


def close_code(client: ClientConnection, timeout: float = 60) -> int:
    """The code with which the server closes."""
    return rest(client, timeout)[1]


def silent_socket(server: Viewer, path: str) -> socket.socket:
    """A client that shakes hands and then neither reads nor answers a ping, as one whose cable was pulled."""
    client = socket.create_connection(("127.0.0.1", server.port))
    host = f"127.0.0.1:{server.port}"
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{upgrade}\r\n{key}\r\n\r\n".encode())
    assert client.recv(4096).startswith(b"HTTP/1.1 101")
    return client
