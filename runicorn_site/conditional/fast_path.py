"""Fast path of conditional routes: cached answers within the event loop, before a thread, Django and the database."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import close_old_connections

from runicorn_site.conditional.answers import Answer, answers, is_named
from runicorn_site.conditional.middleware import SAFE, key_of
from runicorn_site.conditional.moment import take_moment
from runicorn_site.security.guard import Scope, Send, head_of
from runicorn_site.security.headers import is_api, is_for_browser
from runicorn_site.security.rates.rate_limits import COUNTER, Count, too_many
from runicorn_site.transport.compression import accepts_gzip
from runicorn_site.web.actor import SHARED
from runicorn_site.web.arrow_accept import is_asked_for
from runicorn_site.web.moments import MOMENT, Moment


class SharedMoments:
    """Moments of the requests of one event loop: each gets one that was taken after it came."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="looks")
        self._next: asyncio.Task[Moment | None] | None = None
        self._running: asyncio.Task[Moment | None] | None = None

    async def after(self) -> Moment | None:
        """Return the moment of a look that begins after this call."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._take(self._running))
        return await asyncio.shield(self._next)

    async def _take(self, before: asyncio.Task[Moment | None] | None) -> Moment | None:
        if before is not None:
            await asyncio.wait({before})
        self._running, self._next = self._next, None
        return await asyncio.get_running_loop().run_in_executor(self._thread, _take)


def _take() -> Moment | None:
    close_old_connections()
    return take_moment(looks=True)


class FastPath:
    """The part of conditional routes that needs no thread: a look that requests share, and the comparison of tags."""

    def __init__(self) -> None:
        self.moments = SharedMoments()

    async def __call__(self, scope: Scope, send: Send) -> bool:
        """Answer a GET request of a conditional route if its answer is remembered; else note its moment for its view."""
        path, method = scope["path"], scope["method"]
        if method not in SAFE or SHARED in scope or not is_api(path) or is_for_browser(scope["headers"]):
            return False
        if is_asked_for(head_of(scope).header("accept") or ""):
            return False
        moment = await self.moments.after()
        scope[MOMENT] = moment
        if moment is None or not COUNTER.is_local:
            return False
        answer = answers.find(key_of(scope, moment, settings.LANGUAGE_CODE), moment.version)
        if answer is None or answer.body is None:
            return False
        count = COUNTER.count_scope(scope)
        await (_refuse(count, send) if count.is_exceeded else _send(answer, scope, count, send))
        return True


async def _send(answer: Answer, scope: Scope, count: Count, send: Send) -> None:
    """Send an answer once more, as 304 if the client has it."""
    head = head_of(scope)
    if is_named(answer.tag, head.header("if-none-match")):
        status, body = 304, b""
        own = [(name, value) for name, value in answer.headers if not name.lower().startswith("content-")]
    else:
        assert answer.body is not None
        status, body, own = 200, answer.body, answer.headers
        own = [*own, ("Vary", "Accept-Encoding")]
        if accepts_gzip(head.header("accept-encoding") or "") and (packed := answer.packed) is not None:
            body = packed
            own.append(("Content-Encoding", "gzip"))
        own.append(("Content-Length", str(len(body))))
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in (*own, *count.headers)]
    headers.append((b"ETag", answer.tag.encode("ascii")))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse(count: Count, send: Send) -> None:
    response = too_many(count.seconds_left)
    headers = [
        (name.encode("ascii"), value.encode("latin-1")) for name, value in (*response.items(), *count.headers)
    ]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
