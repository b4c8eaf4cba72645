"""The application while the site is imported: `/api/health` is answered, other requests wait.

The views with all that they use are half of the start; a thread imports them once the server listens.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from django.db import DatabaseError

from people.token_verification import shown_token
from runicorn_site.monitoring.health import HEALTH, health
from runicorn_site.security.guard import Policy, Receive, Scope, Send, head_of, response_headers
from runicorn_site.security.headers import is_for_browser
from runicorn_site.security.peer import connection


class Opening:
    """ASGI application that hands over to another one."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._app: Any = None
        self._is_open = asyncio.Event()

    def hand_over(self, app: Any) -> None:
        """Let an application answer from now on; called in the event loop."""
        self._app = app
        self._is_open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None and self._is_health(scope) and await self._answer(scope, send):
            return
        await self._is_open.wait()
        await self._app(scope, receive, send)

    def _is_health(self, scope: Scope) -> bool:
        """Return whether a request needs nothing of what is still imported."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] not in HEALTH:
            return False
        if is_for_browser(scope["headers"]):
            return False
        head, policy = head_of(scope), self._policy
        if policy.people is not None or policy.forwarding or shown_token(head) is not None:
            return False
        if policy.judge(head) is not None:
            return False
        if policy.tokens is None:
            return True
        visitor = policy.visitor(head, connection(scope.get("client"), scope.get("server")))
        return policy.tokens.is_known(head, visitor)

    async def _answer(self, scope: Scope, send: Send) -> bool:
        try:
            body = orjson.dumps(await asyncio.to_thread(health))
        except DatabaseError:
            return False  # the view answers it
        present = [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(body)).encode())]
        headers = response_headers(present, head_of(scope), self._policy)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return True
