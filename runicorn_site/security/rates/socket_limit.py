"""Limit of open sockets of the API, and of those of shared pages, for each client address."""

from __future__ import annotations

from collections import Counter
from typing import Any

from runicorn_site.security.guard import Receive, Scope, Send
from runicorn_site.security.headers import is_api
from runicorn_site.web.actor import SHARED

TOO_MANY = 4429
OF_SHARED_PAGES = 10
"""How many times as many sockets of shared pages: the readers behind a proxy may have one address."""


class SocketLimit:
    """ASGI middleware around the socket routes; the live sockets of pages that need a login are not counted."""

    def __init__(self, app: Any, limit: int) -> None:
        self.app = app
        self.limit = limit
        self.open: Counter[tuple[str, bool]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the socket, or accept and close it with 4429; a close code needs an accepted handshake."""
        client, is_shared = str((scope.get("client") or ("",))[0]), SHARED in scope
        if not (is_shared or is_api(scope["path"])) or self.limit == 0:
            await self.app(scope, receive, send)
        elif self.open[client, is_shared] >= self.limit * (OF_SHARED_PAGES if is_shared else 1):
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": TOO_MANY, "reason": "Too many sockets"})
        else:
            await self._counted((client, is_shared), scope, receive, send)

    async def _counted(self, client: tuple[str, bool], scope: Scope, receive: Receive, send: Send) -> None:
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
