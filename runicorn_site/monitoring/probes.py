"""Probes of orchestrators and proxies: `/healthz` and `/readyz`.

They are answered in front of the guard: a load balancer has no token, and reaches the server under any host name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from runicorn_site.security.guard import Receive, Scope, Send, head_of
from runicorn_site.security.headers import security

HEALTHY, READY = "ok", "ready"
HEALTH_PATH, READINESS_PATH = "/healthz", "/readyz"
CHECK_SECONDS = 3.0
NO_ANSWER = "The database or the storage root does not respond."


class Probes:
    """ASGI middleware that answers the probes, and passes everything else on."""

    def __init__(self, app: Any, problem: Callable[[], str]) -> None:
        """Wrap an application; `problem` returns in a sentence why the server is not ready, or ""."""
        self.app = app
        self.problem = problem
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self.check: asyncio.Future[str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removesuffix("/")
        if scope["type"] != "http" or path not in (HEALTH_PATH, READINESS_PATH):
            await self.app(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await answer(scope, send, 405, "Method not allowed", [(b"Allow", b"GET, HEAD")])
        elif path == HEALTH_PATH:
            await answer(scope, send, 200, HEALTHY)
        elif problem := await self.readiness():
            await answer(scope, send, 503, problem, [(b"Retry-After", b"5")])
        else:
            await answer(scope, send, 200, READY)

    async def readiness(self) -> str:
        """Return why the server is not ready, or ""; probes that overlap share one check."""
        if self.check is None or self.check.done():
            self.check = asyncio.get_running_loop().run_in_executor(self.thread, self.problem)
        finished, _ = await asyncio.wait({self.check}, timeout=CHECK_SECONDS)
        return self.check.result() if finished else NO_ANSWER


async def answer(
    scope: Scope, send: Send, status: int, text: str, more: list[tuple[bytes, bytes]] | None = None
) -> None:
    body = f"{text}\n".encode()
    headers = [
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Length", str(len(body)).encode()),
        (b"Cache-Control", b"no-store"),
        *(more or []),
    ]
    headers += security(head_of(scope).path, headers)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
