"""`/api/health` without Django's handler, whose middlewares and view cost more than the look at the database.

Programs ask it every second. A browser gets the page of the route, and a viewer with users asks for rights: by the view.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
from django.db import DatabaseError, InterfaceError, close_old_connections

from runicorn_site.conditional.answers import tag_of
from runicorn_site.conditional.middleware import REVALIDATE
from runicorn_site.monitoring.health import HEALTH, health
from runicorn_site.security.guard import Scope, Send
from runicorn_site.security.headers import is_for_browser
from runicorn_site.security.rates.rate_limits import COUNTER
from runicorn_site.web.actor import SHARED

HEADERS = [
    ("Content-Type", "application/json"),
    ("Vary", "Accept, Accept-Encoding"),
    ("Allow", "GET, HEAD, OPTIONS"),
    ("Cache-Control", REVALIDATE),
]
"""As of the view."""


class DirectHealth:
    """The answer to admitted requests of programs."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="health")

    async def __call__(self, scope: Scope, send: Send) -> bool:
        """Answer a request for the health; False leaves it to the view, as when the database or the limit refuses."""
        if scope["path"] not in HEALTH or scope["method"] != "GET" or SHARED in scope:
            return False
        if not COUNTER.is_local or is_for_browser(scope["headers"]):
            return False
        try:
            content = await asyncio.get_running_loop().run_in_executor(self._thread, _look)
        except (DatabaseError, InterfaceError):
            return False
        count = COUNTER.count_scope(scope)
        if count.is_exceeded:
            return False  # counted once more, and refused
        body = orjson.dumps(content)
        own = (("ETag", tag_of(body, HEADERS)), ("Content-Length", str(len(body))))
        headers = [(name.encode(), value.encode()) for name, value in (*HEADERS, *count.headers, *own)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return True


def _look() -> Any:
    close_old_connections()
    return health()
