"""Clients of WebSockets."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from benchmarks.support.processes import Viewer

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection


def open_socket(server: Viewer, path: str) -> ClientConnection:
    """Return a connected client that accepts frames of any size."""
    from websockets.sync.client import connect

    url = f"ws://127.0.0.1:{server.port}{path}"
    return connect(url, max_size=None, compression=None, proxy=None, close_timeout=0.5)


def frames(client: ClientConnection, kind: str, timeout: float = 60) -> dict[str, Any]:
    """Return the next JSON frame of a kind; skip the others."""
    deadline = time.monotonic() + timeout
    while True:
        frame = json.loads(client.recv(timeout=deadline - time.monotonic()))
        if frame["type"] == kind:
            return dict(frame)
