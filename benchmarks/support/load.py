"""HTTP load from one thread: keep-alive connections that each wait for an answer before the next request."""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from collections.abc import Mapping
from typing import NamedTuple

import psutil


class Load(NamedTuple):
    """What a server did under load."""

    per_second: float
    milliseconds: float
    """Median of an answer."""
    cpu: float
    """Milliseconds of the server's processor for each request."""


def load(
    port: int, pid: int, path: str, *, clients: int, seconds: float, headers: Mapping[str, str] | None = None
) -> Load:
    """Send requests for some seconds.

    Raises:
        RuntimeError: the server closed a connection, or answered with an error.
    """
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    durations: list[float] = []
    process = psutil.Process(pid)
    with selectors.DefaultSelector() as selector:
        connections = [Connection(port, request) for _ in range(clients)]
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        cpu_seconds, began = _cpu(process), time.perf_counter()
        for connection in connections:
            connection.send()
        while time.perf_counter() < began + seconds:
            for key, _ in selector.select(1.0):
                connection = key.data
                if connection.is_complete():
                    durations.append(time.perf_counter() - connection.sent)
                    connection.send()
        elapsed, cpu_seconds = time.perf_counter() - began, _cpu(process) - cpu_seconds
        for connection in connections:
            connection.socket.close()
    count = max(1, len(durations))
    return Load(count / elapsed, statistics.median(durations) * 1000, cpu_seconds / count * 1000)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


class Connection:
    """A connection with one request under way."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0.0
        self._request = request
        self._received = b""

    def send(self) -> None:
        self._received, self.sent = b"", time.perf_counter()
        self.socket.sendall(self._request)

    def is_complete(self) -> bool:
        """Read what has come; return whether it is the whole answer."""
        part = self.socket.recv(1 << 20)
        self._received += part
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not part or (blank and head[9:10] not in (b"2", b"3")):
            raise RuntimeError(f"The server answered {head[:60]!r}")
        if not blank:
            return False
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if fields.get(b"transfer-encoding") == b"chunked":
            return body.endswith(b"0\r\n\r\n")
        return len(body) >= int(fields.get(b"content-length", b"0"))
