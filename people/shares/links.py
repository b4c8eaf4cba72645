"""Answers to shared links, in place of the guard: `/s/<token>/…` shows one page without a login.

The application treats the link as a path prefix, like that of a proxy, so that the addresses of pages, modules and
sockets stay below the link. It receives no cookies except those of the appearance, and no credentials.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.db import Error, close_old_connections

from people.access.actor import Actor, Role
from people.models import Share
from people.shares import records
from people.shares.access import SAFE, is_allowed, is_there, start, with_choices
from people.shares.embedding import frame_ancestors
from runicorn.message import Message
from runicorn.settings.user import get
from runicorn_site.security.guard import (
    HEAD,
    SESSION_ENDED,
    Policy,
    Receive,
    Scope,
    Send,
    head_of,
    refuse,
)
from runicorn_site.security.headers import PUBLIC, STRICT, Headers, not_stored, security
from runicorn_site.security.plain_responses import Refusal
from runicorn_site.security.proxies import is_behind_tls
from runicorn_site.security.request_rules import Head, judge
from runicorn_site.web.actor import ACTOR, SHARED
from runicorn_site.web.readable import EVERYTHING, Readable, current, restrict

PATH = re.compile(r"(?P<link>/s/(?P<token>[A-Za-z0-9_.-]{20,120}))(?P<rest>/.*)?", re.DOTALL)
COOKIES = ("runicorn_theme", "runicorn_density", "runicorn_language")
CHECK_SECONDS = 0.5
"""Interval of checking whether the link of an open socket has ended."""

logger = logging.getLogger(__name__)
READER = Actor("", Role.READ)
UNKNOWN = Refusal(404, Message("This link is unknown, was revoked or has expired"))
GONE = Refusal(404, Message("The page of this link no longer exists"))
UNAVAILABLE = Refusal(503, Message("The database does not respond. Try again shortly"))
OUTSIDE = Refusal(403, Message("This link gives access to one page only"))


class SharedLinks:
    """ASGI application for the paths of shared links."""

    def __init__(self, routes: Any, policy: Policy) -> None:
        """Pass allowed requests to `routes`.

        Raises:
            BadEmbedding: `RUNICORN_EMBED_ORIGINS` is malformed.
        """
        self.routes = routes
        self.policy = policy
        self.ancestors = frame_ancestors(get("RUNICORN_EMBED_ORIGINS"))
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="shared-links")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by a link."""
        head = head_of(scope)
        path, _, query = head.target.partition("?")
        match = PATH.fullmatch(path)
        refusal = judge(self._without_frame(head), self.policy.names) or head.refusal
        share = None
        try:
            if match is not None and refusal is None:
                share = await self._find(match["token"])
        except Error as error:
            refusal = self._unavailable(error)
        if match is None or share is None:
            await refuse(refusal or UNKNOWN, scope, send)
            return
        inner = replace(
            head,
            target=(match["rest"] or "/") + (f"?{query}" if query else ""),
            headers=_without_credentials(head.headers),
            prefix=head.prefix + match["link"],
        )
        try:
            readable = await self._readable(share)
            refusal = UNKNOWN if readable is None else await self._judge(share, inner, query)
        except Error as error:
            refusal = self._unavailable(error)
        if refusal is not None:
            await refuse(refusal, scope, send)
            return
        scope.update(path=inner.path, raw_path=inner.raw_path.encode("latin-1"), headers=inner.headers)
        scope.update({HEAD: inner, SHARED: share, ACTOR: READER, "root_path": ""})
        scope["client"] = scope.get("client") or ["127.0.0.1", 0]
        if is_behind_tls(head):
            scope["scheme"] = "https"
        if inner.socket:
            await self._socket(match["token"], share, scope, receive, send)
        else:
            await self.routes(scope, receive, self._with_headers(send, inner))

    async def _find(self, token: str) -> Share | None:
        """Return the share of a link.

        Raises:
            django.db.Error: the links cannot be read.
        """

        def find() -> Share | None:
            close_old_connections()
            return records.find(token)

        return await asyncio.get_running_loop().run_in_executor(self.thread, find)

    def _unavailable(self, error: Error) -> Refusal:
        logger.error("The database does not answer a shared link: %s", error)
        return UNAVAILABLE

    async def _readable(self, share: Share) -> Readable | None:
        """Set and return what the author of a share may read now; None if they may no longer share it.

        Raises:
            django.db.Error: the accounts cannot be read.
        """
        people, readable = self.policy.people, EVERYTHING
        if people is not None:
            loop = asyncio.get_running_loop()
            readers = await loop.run_in_executor(self.thread, people.readable_by, share.account, share.author)
            if readers is None:
                return None
            readable = readers
        restrict(readable)
        return readable

    async def _judge(self, share: Share, head: Head, query: str) -> Refusal | None:
        """Return the refusal of a request, the redirect to the shared page, or None.

        Raises:
            django.db.Error: the database does not answer.
        """
        if head.path.startswith(PUBLIC) and head.method in SAFE and not head.socket:
            return None
        address = start(share)
        if (
            not head.socket
            and head.path == "/"
            and ("layout=" not in query or share.kind in ("run", "report"))
        ):
            target = (head.prefix + with_choices(address, query)).encode("latin-1")
            return Refusal(
                307, "See the shared page", ((b"Location", target), (b"Cache-Control", b"no-store"))
            )

        def check() -> Refusal | None:
            close_old_connections()
            if not is_there(share):
                return GONE
            return None if is_allowed(share, head.method, head.path, query, socket=head.socket) else OUTSIDE

        return await asyncio.get_running_loop().run_in_executor(self.thread, copy_context().run, check)

    def _without_frame(self, head: Head) -> Head:
        """Return the head of an embedded page as that of a top-level page, if embedding is allowed."""
        if not self.ancestors or head.header("sec-fetch-dest") != "iframe":
            return head
        return replace(
            head, headers=[pair for pair in head.headers if not pair[0].lower().startswith(b"sec-")]
        )

    async def _socket(self, token: str, share: Share, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a socket until it ends or its link does."""

        readable = current()

        async def ended() -> None:
            # Without the accounts nothing tells whether the link is valid: the page connects again later.
            with suppress(Error):
                while await self._find(token) is not None and await self._readable(share) == readable:
                    await asyncio.sleep(CHECK_SECONDS)

        running = asyncio.ensure_future(self.routes(scope, receive, send))
        watching = asyncio.ensure_future(ended())
        try:
            await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            was_revoked = watching.done() and not running.done()
            for task in (running, watching):
                if not task.done():
                    task.cancel()
            with suppress(asyncio.CancelledError):
                await running
        if was_revoked:
            await send({"type": "websocket.close", "code": SESSION_ENDED})

    def _with_headers(self, send: Send, head: Head) -> Send:
        """Wrap `send` to add the security headers, and to set no cookie."""

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                present = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"set-cookie"]
                message = {**message, "headers": self._headers(head.path, present)}
            await send(message)

        return send_with_headers

    def _headers(self, path: str, present: Headers) -> Headers:
        if not path.startswith(PUBLIC):
            present = [*not_stored(present), (b"X-Robots-Tag", b"noindex")]
        if self.ancestors:
            present = self._embeddable(present)
        return present + security(path, present)

    def _embeddable(self, present: Headers) -> Headers:
        """Allow the named origins to embed a response, and those of its frames that the page itself embeds."""
        name = b"Content-Security-Policy"
        policies = [value.decode() for key, value in present if key.lower() == name.lower()]
        policy = policies[0] if policies else STRICT.replace("frame-ancestors 'none'", "frame-ancestors")
        own = "frame-ancestors 'self'" if policies else "frame-ancestors"
        others = [pair for pair in present if pair[0].lower() != name.lower()]
        return [*others, (name, policy.replace(own, f"{own} {self.ancestors}").encode())]


def _without_credentials(headers: Headers) -> Headers:
    """Return headers without cookies, those of the appearance excepted, and without tokens."""
    retained = [(name, value) for name, value in headers if name.lower() not in (b"cookie", b"authorization")]
    jar: SimpleCookie = SimpleCookie()
    with suppress(CookieError):
        for name, value in headers:
            if name.lower() == b"cookie":
                jar.load(value.decode("latin-1"))
    cookies = "; ".join(f"{name}={jar[name].coded_value}" for name in COOKIES if name in jar)
    return [*retained, (b"cookie", cookies.encode("latin-1"))] if cookies else retained
