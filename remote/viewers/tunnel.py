"""Local listener that forwards to a remote viewer and keeps its port while the connection is restored.

SSH's own listener would close with its connection, and the next program on that port would receive the cookies and
one-time links of an unsuspecting browser. Both loopback addresses are bound, because browsers resolve `localhost` to
either.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from typing import Any

from remote.errors import LocalPortInUse, RemoteError

BLOCK = 64 * 1024
TRIES = 20
ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))

Dial = Callable[[], Awaitable[tuple[Any, Any]]]
"""Opens a connection to the remote viewer; returns a reader and a writer."""


class Tunnel:
    """A local listener; each client gets its own connection to the remote viewer."""

    def __init__(self, dial: Dial, sentence: Callable[[], str]) -> None:
        """Create a tunnel.

        Args:
            dial: connects to the remote viewer; raises `RemoteError` while that is impossible.
            sentence: returns the message for browsers meanwhile.
        """
        self.port = 0
        self._dial = dial
        self._sentence = sentence
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._clients: set[asyncio.Task[None]] = set()

    def bind(self, port: int) -> None:
        """Bind a port, 0 for any free one. Connections are accepted after `open`.

        Raises:
            LocalPortInUse: the port is in use, or reserved.
        """
        for _ in range(1 if port else TRIES):
            self._sockets = _listening_sockets(port)
            if self._sockets:
                self.port = self._sockets[0].getsockname()[1]
                return
        raise LocalPortInUse(port)

    async def open(self) -> None:
        """Start to accept connections."""
        for listener in self._sockets:
            self._servers.append(await asyncio.start_server(self._accept, sock=listener))
        self._sockets = []

    async def close(self) -> None:
        """Release the port and close all client connections. Idempotent."""
        for listener in self._sockets:
            listener.close()
        for server in self._servers:
            server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._sockets, self._servers = [], []

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            with closing(writer), suppress(OSError, asyncio.CancelledError):
                await self._forward(reader, writer)
        finally:
            self._clients.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._dial()
        except RemoteError:
            writer.write(unavailable_response(self._sentence()))
            await writer.drain()
            return
        with closing(far_writer):
            both = [
                asyncio.ensure_future(copy(reader, far_writer)),
                asyncio.ensure_future(copy(far_reader, writer)),
            ]
            try:
                # A side that has sent everything may still read; a broken one ends the other.
                await asyncio.wait(both, return_when=asyncio.FIRST_EXCEPTION)
            finally:
                for task in both:
                    task.cancel()
                await asyncio.gather(*both, return_exceptions=True)


async def copy(reader: Any, writer: Any) -> None:
    """Copy until the end of the stream, with backpressure."""
    while piece := await reader.read(BLOCK):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def unavailable_response(sentence: str) -> bytes:
    """Return the HTTP response for browsers while the viewer cannot be reached."""
    body = f"{sentence}\n".encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _listening_sockets(port: int) -> list[socket.socket]:
    """Return listening sockets on both loopback addresses, or none if either has the port in use."""
    sockets: list[socket.socket] = []
    for family, host in ADDRESSES:
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.bind((host, sockets[0].getsockname()[1] if sockets else port))
            listening.listen(128)
        except OSError as error:
            listening.close()
            if sockets and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                break  # no IPv6
            for other in sockets:
                other.close()
            return []
        sockets.append(listening)
    return sockets
