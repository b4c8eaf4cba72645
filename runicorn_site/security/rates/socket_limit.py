"""Limit of open sockets of the API for each client address."""

from __future__ import annotations

from collections import Counter
from typing import Any

from runicorn_site.security.guard import Receive, Scope, Send
from runicorn_site.security.headers import is_api

TOO_MANY = 4429


class SocketLimit:
    """ASGI middleware around the socket routes; the live sockets of pages are not counted."""

    def __init__(self, app: Any, limit: int) -> None:
        self.app = app
        self.limit = limit
        self.open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the socket, or accept and close it with 4429; a close code needs an accepted handshake."""
        client = str((scope.get("client") or ("",))[0])
        if not is_api(scope["path"]) or self.limit == 0:
            await self.app(scope, receive, send)
        elif self.open[client] >= self.limit:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": TOO_MANY, "reason": "Too many sockets"})
        else:
            await self._counted(client, scope, receive, send)

    async def _counted(self, client: str, scope: Scope, receive: Receive, send: Send) -> None:
        self.open[client] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.open[client] -= 1
            if not self.open[client]:
                del self.open[client]


async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a handshake at an unknown address, which the router would answer with an internal error."""
    await receive()
    await send({"type": "websocket.close"})
