"""ASGI middleware for servers below a base path or behind a trusted proxy; others run without it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from runicorn_site.security.forwarding import Forwarding
from runicorn_site.security.guard import HEAD, Receive, Scope, Send, head_of
from runicorn_site.security.headers import Headers, cookies_below


class Mount:
    """Show the application paths without the prefix, and the client and the host that the proxy reports."""

    def __init__(self, app: Any, forwarding: Forwarding) -> None:
        self.app = app
        self.forwarding = forwarding

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with a changed scope."""
        peer = scope.get("client")
        address = str(peer[0]) if peer else ""
        head, client = self.forwarding.apply(head_of(scope), address)
        scope.update(path=head.path, raw_path=head.raw_path.encode("latin-1"), headers=head.headers)
        scope[HEAD] = head
        if client != address:
            scope["client"] = [client, 0]
        await self.app(scope, receive, _limit_cookies(send, head.prefix) if head.prefix else send)


def _limit_cookies(send: Send, prefix: str) -> Send:
    """Wrap `send` to limit the cookies of a response to the prefix: other sites of the host do not see them."""

    async def send_with_path(message: MutableMapping[str, Any]) -> None:
        if message["type"] in ("http.response.start", "websocket.accept"):
            headers: Headers = cookies_below(prefix, list(message.get("headers", ())))
            message = {**message, "headers": headers}
        await send(message)

    return send_with_path
