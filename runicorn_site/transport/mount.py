"""Base paths and trusted proxies."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from runicorn_site.security.forwarding import Forwarding
from runicorn_site.security.guard import HEAD, Scope, Send, head_of
from runicorn_site.security.headers import Headers, cookies_below
from runicorn_site.security.request_rules import Head


def mount(scope: Scope, forwarding: Forwarding) -> Head:
    """Show the application a path without the prefix, and the client and the host that the proxy reports."""
    if not forwarding:
        return head_of(scope)
    peer = scope.get("client")
    address = str(peer[0]) if peer else ""
    head, client = forwarding.apply(head_of(scope), address)
    scope.update(path=head.path, raw_path=head.raw_path.encode("latin-1"), headers=head.headers)
    scope[HEAD] = head
    if client != address:
        scope["client"] = [client, 0]
    return head


def headers_below(headers: Headers, head: Head, forwarding: Forwarding) -> Headers:
    """Limit the cookies of a response to the prefix: other sites of the host do not see them."""
    if not head.prefix:
        return headers
    headers = cookies_below(head.prefix, headers)
    # jupyter-server-proxy reports a prefix, and adds it to redirects once more unless they are relative.
    return relative_redirect(headers, head) if head.prefix != forwarding.base else headers


def send_below(send: Send, head: Head, forwarding: Forwarding) -> Send:
    """Wrap `send` of a WebSocket by `headers_below`."""
    if not head.prefix:
        return send

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.accept":
            headers = headers_below(list(message.get("headers", ())), head, forwarding)
            message = {**message, "headers": headers}
        await send(message)

    return sending


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
