"""The MCP server on stdin and stdout, which answers all requests before the end of its input ends it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

LONGEST_WAIT = 30.0
"""Seconds for which requests are still answered after the end of the input."""
CANCELLED = "notifications/cancelled"


def serve_stdio(server: MCPServer[Any]) -> None:
    """Serve until the input ends and its requests are answered."""
    anyio.run(_serve, server)


async def _serve(server: MCPServer[Any]) -> None:
    lowlevel = server._lowlevel_server
    async with stdio_server() as (read, write):
        requests = Requests()
        options = lowlevel.create_initialization_options()
        await lowlevel.run(Received(read, requests), Sent(write, requests), options)


class Requests:
    """Ids of requests that have no answer yet."""

    def __init__(self) -> None:
        self._open: Counter[Any] = Counter()
        self._changed = anyio.Event()

    def add(self, key: Any) -> None:
        self._open[key] += 1

    def settle(self, key: Any) -> None:
        self._open[key] -= 1
        self._open += Counter()  # drops what is not positive
        self._changed.set()

    async def all_settled(self) -> None:
        while self._open:
            self._changed = anyio.Event()
            await self._changed.wait()


class _Stream:
    """A stream of the MCP library with one method replaced."""

    def __init__(self, inner: Any, requests: Requests) -> None:
        self._inner, self._requests = inner, requests

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._inner.aclose()


class Received(_Stream):
    """Messages of the client. The MCP library cancels what it still works on when they end."""

    async def receive(self) -> Any:
        try:
            item = await self._inner.receive()
        except anyio.EndOfStream:
            with anyio.move_on_after(LONGEST_WAIT):
                await self._requests.all_settled()
            raise
        message = item.message if isinstance(item, SessionMessage) else None
        if isinstance(message, JSONRPCRequest):
            self._requests.add(message.id)
        elif isinstance(message, JSONRPCNotification) and message.method == CANCELLED:
            self._requests.settle((message.params or {}).get("requestId"))
        return item

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None


class Sent(_Stream):
    """Messages to the client."""

    async def send(self, item: SessionMessage) -> None:
        await self._inner.send(item)
        if isinstance(item.message, JSONRPCResponse | JSONRPCError):
            self._requests.settle(item.message.id)
