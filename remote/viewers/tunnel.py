"""A port of this machine that leads to a viewer on another one, and stays ours while the connection is made again.

It is our own listener and not SSH's: that one ends with its connection, and whoever took the port then would be sent the
cookies and one-time links of a browser that knows nothing of it. Both loopback addresses are taken, because `localhost`
means either of them to a browser.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from typing import Any

from remote.errors import LocalPortInUse, RemoteError

PIECE = 64 * 1024
TRIES = 20
ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))

Dial = Callable[[], Awaitable[tuple[Any, Any]]]
"""Opens a way to the other end: something to read from and something to write to."""


class Tunnel:
    """A listener; every client of it gets a way of its own to the other end."""

    def __init__(self, dial: Dial, sentence: Callable[[], str]) -> None:
        """Prepare.

        Args:
            dial: opens a way; raises an `RemoteError` while there is none.
            sentence: what a browser is told while there is none.
        """
        self.port = 0
        self._dial = dial
        self._sentence = sentence
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._clients: set[asyncio.Task[None]] = set()

    def take(self, port: int) -> None:
        """Take a port, 0 for any free one. Nobody is answered before `open`.

        Raises:
            LocalPortInUse: it is somebody's, or not for this user.
        """
        for _ in range(1 if port else TRIES):
            self._sockets = _bound(port)
            if self._sockets:
                self.port = self._sockets[0].getsockname()[1]
                return
        raise LocalPortInUse(port)

    async def open(self) -> None:
        """Begin to answer."""
        for bound in self._sockets:
            self._servers.append(await asyncio.start_server(self._welcome, sock=bound))
        self._sockets = []

    async def close(self) -> None:
        """Give the port back and hang up on everybody; once more changes nothing."""
        for bound in self._sockets:
            bound.close()
        for server in self._servers:
            server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._sockets, self._servers = [], []

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            with closing(writer), suppress(OSError, asyncio.CancelledError):
                await self._carry(reader, writer)
        finally:
            self._clients.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._dial()
        except RemoteError:
            writer.write(sorry(self._sentence()))
            await writer.drain()
            return
        with closing(far_writer):
            both = [
                asyncio.ensure_future(copy(reader, far_writer)),
                asyncio.ensure_future(copy(far_reader, writer)),
            ]
            try:
                # A side that has said all may still listen; one that breaks takes the other with it.
                await asyncio.wait(both, return_when=asyncio.FIRST_EXCEPTION)
            finally:
                for task in both:
                    task.cancel()
                await asyncio.gather(*both, return_exceptions=True)


async def copy(reader: Any, writer: Any) -> None:
    """Pass on what comes until there is no more, no faster than it is taken."""
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def sorry(sentence: str) -> bytes:
    """An answer for a browser while nobody is there to give one."""
    body = f"{sentence}\n".encode()
    head = (
        "HTTP/1.1 503 Service RemoteUnavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _bound(port: int) -> list[socket.socket]:
    """Listening sockets on both loopback addresses; none when one of them has the port taken."""
    bound: list[socket.socket] = []
    for family, host in ADDRESSES:
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.bind((host, bound[0].getsockname()[1] if bound else port))
            listening.listen(128)
        except OSError as error:
            listening.close()
            if bound and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                break  # a machine without IPv6
            for other in bound:
                other.close()
            return []
        bound.append(listening)
    return bound
