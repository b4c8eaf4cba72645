"""ASGI middleware for a base path or a trusted proxy; not installed otherwise."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from runicorn_site.security.forwarding import Forwarding
from runicorn_site.security.guard import HEAD, Receive, Scope, Send, head_of
from runicorn_site.security.headers import Headers, cookies_below
from runicorn_site.security.request_rules import Head


class Mount:
    """Show the application paths without the prefix, and the client and the host that the proxy reports."""

    def __init__(self, app: Any, forwarding: Forwarding) -> None:
        self.app = app
        self.forwarding = forwarding

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.get("client")
        address = str(peer[0]) if peer else ""
        head, client = self.forwarding.apply(head_of(scope), address)
        scope.update(path=head.path, raw_path=head.raw_path.encode("latin-1"), headers=head.headers)
        scope[HEAD] = head
        if client != address:
            scope["client"] = [client, 0]
        await self.app(scope, receive, self._below(send, head) if head.prefix else send)

    def _below(self, send: Send, head: Head) -> Send:
        """Wrap `send` to limit the cookies of a response to the prefix: other sites of the host do not see them."""
        is_reported = head.prefix != self.forwarding.base

        async def send_below(message: MutableMapping[str, Any]) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                headers = cookies_below(head.prefix, list(message.get("headers", ())))
                # jupyter-server-proxy reports a prefix, and adds it to redirects once more unless they are relative.
                message = {**message, "headers": relative_redirect(headers, head) if is_reported else headers}
            await send(message)

        return send_below


def relative_redirect(headers: Headers, head: Head) -> Headers:
    """Make a redirect to an address below the prefix relative to the address of the request."""
    site = f"{head.prefix}/".encode()
    up = b"../" * (head.raw_path.count("/") - 1) or b"./"
    return [
        (name, up + value.removeprefix(site))
        if name.lower() == b"location" and value.startswith(site)
        else (name, value)
        for name, value in headers
    ]
