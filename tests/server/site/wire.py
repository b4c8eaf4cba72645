"""HTTP as bytes on a socket, for what no client library would send."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


def exchange(port: int, request: bytes, timeout: float = 10) -> Answer:
    """Send `request` as it is and read one answer (by its length, else until the server closes)."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        # Refused while we were still sending, the answer is there all the same.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    """The next answer on a connection."""
    with connection.makefile("rb") as file:
        status = int(file.readline().split()[1])
        headers = {}
        while (line := file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        length = headers.get("content-length")
        body = b"" if status in {101, 204, 304} else file.read(int(length)) if length else file.read()
    return Answer(status, headers, body)


def get(port: int, path: str, *lines: str, host: str | None = "127.0.0.1", method: str = "GET") -> Answer:
    """A request with the given further header lines; `host=None` sends no Host."""
    first = [f"{method} {path} HTTP/1.1"]
    hosts = [] if host is None else [f"Host: {host}"]
    head = "\r\n".join([*first, *hosts, *lines, "Connection: close"])
    return exchange(port, head.encode("latin-1") + b"\r\n\r\n")


def handshake(port: int, path: str, *lines: str, host: str = "127.0.0.1") -> int:
    """The status with which the server answers the opening of a WebSocket; 101 when it opens."""
    upgrade = (
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    head = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *upgrade, *lines])
    return exchange(port, head.encode("latin-1") + b"\r\n\r\n").status
