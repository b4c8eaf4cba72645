"""Probes of orchestrators and proxies: `/healthz` and `/readyz`.

They are answered in front of the guard: a load balancer has no token, and reaches the server under any host name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from runicorn_site.security.guard import Scope, Send, head_of
from runicorn_site.security.headers import security

HEALTHY, READY = "ok", "ready"
HEALTH_PATH, READINESS_PATH = "/healthz", "/readyz"
PATHS = frozenset({HEALTH_PATH, f"{HEALTH_PATH}/", READINESS_PATH, f"{READINESS_PATH}/"})
CHECK_SECONDS = 3.0
NO_ANSWER = "The database or the storage root does not respond."


class Probes:
    """The answers to the probes."""

    def __init__(self, problem: Callable[[], str]) -> None:
        """Initialize; `problem` returns in a sentence why the server is not ready, or ""."""
        self.problem = problem
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self.check: asyncio.Future[str] | None = None

    async def answer(self, scope: Scope, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await answer(scope, send, 405, "Method not allowed", [(b"Allow", b"GET, HEAD")])
        elif scope["path"].removesuffix("/") == HEALTH_PATH:
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
