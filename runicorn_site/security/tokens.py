"""Token authentication, for addresses that others can reach.

A browser exchanges the token for a cookie, by the one-time URL that the viewer prints or by a form. Programs send
`Authorization: Bearer <token>`. The cookie's value depends on the Host it was set for, because browsers send a
loopback cookie to every port of the host, another user's tunnel included.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode

from django.core.cache import cache
from django.utils.translation import gettext

from runicorn.message import Message
from runicorn.remote_protocol import OPEN, STAMP_SECONDS, client_token, stamp_time
from runicorn_site.security.browser_sessions import BrowserSessions
from runicorn_site.security.headers import is_api
from runicorn_site.security.plain_responses import HEAD, Refusal, page_of
from runicorn_site.security.proxies import is_behind_tls
from runicorn_site.security.request_rules import OWN_SITES, Head
from runicorn_site.web.messages import translated

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

FORM_PATH = "/token"
FORM_BYTES = 4096
TRIES, TRIES_SECONDS = 5, 60.0
BEARER_TRIES = 60
COOKIE_SECONDS = 30 * 24 * 3600
TOKEN_HELPS = Message("The terminal that started the viewer shows where the token is stored")

FORM = f"""{HEAD}<body class="plain"><main><h1>Runicorn</h1><p role="status">{{sentence}}</p>
<form method="post" action="{{prefix}}{FORM_PATH}"><input type="hidden" name="next" value="{{target}}">
<label>{{label}} <input type="password" name="token" required autofocus autocomplete="current-password"></label>
<button class="button main" type="submit">{{button}}</button></form></main></body></html>
"""
ONWARD = f"""{HEAD}<body class="plain"><main><h1>Runicorn</h1><meta http-equiv="refresh" content="0;url={{target}}">
<p><a href="{{target}}">{{button}}</a></p></main></body></html>
"""


@dataclass(frozen=True)
class TokenForm(Refusal):
    """A refusal with a form for the token, which redirects to `target`."""

    target: str = "/"

    def body(self, path: str, prefix: str = "") -> tuple[bytes, bytes]:
        if is_api(path):
            return super().body(path, prefix)
        sentence = escape(translated(Message("{sentence}.", sentence=self.sentence)))
        label, button, target = gettext("Token"), gettext("Open"), escape(self.target)
        return page_of(
            FORM, prefix, title=label, label=label, button=button, sentence=sentence, target=target
        )


@dataclass(frozen=True)
class Onward(Refusal):
    """A page that redirects to `target`, as a navigation within our own site."""

    target: str = "/"

    def body(self, path: str, prefix: str = "") -> tuple[bytes, bytes]:
        target, title = escape(self.target), translated(self.sentence)
        return page_of(ONWARD, prefix, title=title, button=gettext("Continue"), target=target)


@dataclass(frozen=True)
class Visitor:
    address: str
    """Key of the counter of wrong tokens."""
    is_owner: Callable[[], bool] = lambda: False
    """Return whether it is the user of this process, who needs no token."""


class Tries:
    """Count wrong tokens of each client address in the last minute."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.times: defaultdict[str, deque[float]] = defaultdict(deque)

    def used_up(self, client: str) -> bool:
        times = self.times[client]
        while times and times[0] < time.monotonic() - TRIES_SECONDS:
            times.popleft()
        if not times:
            del self.times[client]
        return len(times) >= self.limit

    def failed(self, client: str) -> None:
        self.times[client].append(time.monotonic())


class Stamps:
    """Stamps made with the token; each is valid once, within five minutes, for all servers that share a cache."""

    def __init__(self, token: str) -> None:
        self.token = token

    def redeem(self, purpose: str, stamp: str) -> bool:
        """Return whether a stamp is valid for a purpose, and invalidate it."""
        now, stamped_at = time.time(), stamp_time(self.token, purpose, stamp)
        if stamped_at is None or not now - STAMP_SECONDS < stamped_at < now + STAMP_SECONDS:
            return False
        return cache.add(_key("used", stamp), 1, 2 * STAMP_SECONDS)


class Tokens:
    def __init__(self, token: str, cookie: str, sessions: BrowserSessions, advice: str = TOKEN_HELPS) -> None:
        self.token = token
        self.sessions = sessions
        self.client_token = client_token(token)
        self.cookie = cookie
        self.advice = advice
        self.once: str | None = secrets.token_urlsafe(24)
        self.stamps = Stamps(token)
        self.form_tries = Tries(TRIES)
        self.bearer_tries = Tries(BEARER_TRIES)

    def publish_once(self) -> None:
        """Share the one-time link of this server with all that use the same cache."""
        if self.once is not None:
            cache.set(_key("once", self.once), 1, COOKIE_SECONDS)

    async def judge(self, head: Head, query: bytes, visitor: Visitor, receive: Receive) -> Refusal | None:
        """Return None for an authenticated request, else the response: a form, a cookie or a refusal."""
        if is_form(head):
            return self._form(head, visitor.address, await _small_body(receive))
        once = parse_qs(query.decode("latin-1")).get("once")
        if once is not None and not head.socket and head.method == "GET":
            # In a thread: a shared cache is asked over the network.
            return await asyncio.to_thread(self._one_time, head, once[-1], query, visitor)
        return self._check_token(head, visitor)

    def judge_early(self, head: Head, visitor: Visitor) -> Refusal | None:
        """Return the refusal of a request without a token before its body arrives; the form has the token in its body."""
        return None if is_form(head) else self._check_token(head, visitor)

    def _check_token(self, head: Head, visitor: Visitor) -> Refusal | None:
        if self.is_known(head, visitor):
            return None
        return self._bearer(head, visitor.address)

    def is_known(self, head: Head, visitor: Visitor) -> bool:
        """Return whether a request passes without showing the token."""
        return self.has_cookie(head) or visitor.is_owner()

    def is_right(self, secret: str) -> bool:
        """Return whether a text is the token, in constant time."""
        own = hmac.compare_digest(secret.encode(), self.token.encode())
        return own or hmac.compare_digest(secret.encode(), self.client_token.encode())

    def cookie_value(self, head: Head) -> str:
        host = (head.header("host") or "").lower()
        return hmac.new(
            self.token.encode(), f"cookie {host} {self.sessions.salt()}".encode(), hashlib.sha256
        ).hexdigest()

    def has_cookie(self, head: Head) -> bool:
        jar = SimpleCookie()
        try:
            jar.load(head.header("cookie") or "")
        except CookieError:
            return False
        cookie_value = jar[self.cookie].value if self.cookie in jar else ""
        return hmac.compare_digest(cookie_value.encode(), self.cookie_value(head).encode())

    def _bearer(self, head: Head, client: str) -> Refusal | None:
        kind, _, bearer = (head.header("authorization") or "").partition(" ")
        if kind.lower() != "bearer":
            return self._ask(
                Message("This viewer requires a token. {advice}", advice=self.advice), head, head.address
            )
        # Before the count of wrong tokens: behind a proxy all clients share one address.
        if self.is_right(bearer.strip()):
            return None
        if self.bearer_tries.used_up(client):
            return _wait()
        self.bearer_tries.failed(client)
        return self._ask(Message("The token is wrong"), head, head.address)

    def _form(self, head: Head, client: str, body: bytes) -> Refusal:
        fields = parse_qs(body.decode("utf-8", errors="replace"))
        target = fields.get("next", [""])[-1]
        if self.is_right(fields.get("token", [""])[-1].strip()):
            return self._welcome(head, local_path(target, head.prefix))
        if self.form_tries.used_up(client):
            return _wait()
        self.form_tries.failed(client)
        return self._ask(Message("The token is wrong"), head, target)

    def _one_time(self, head: Head, secret: str, query: bytes, visitor: Visitor) -> Refusal:
        """Redirect to the URL without the one-time part, with a cookie if that part was unused."""
        rest = {key: values for key, values in parse_qs(query.decode("latin-1")).items() if key != "once"}
        target = local_path(head.prefix + head.raw_path, head.prefix) + (
            "?" + urlencode(rest, doseq=True) if rest else ""
        )
        if not self._opens(secret):
            if self.is_known(head, visitor):
                return Refusal(303, "See " + target, ((b"Location", target.encode("latin-1")),))
            return self._ask(
                Message("This link has been used or has expired. {advice}", advice=self.advice),
                head,
                target,
            )
        return self._welcome(head, target)

    def _opens(self, secret: str) -> bool:
        """Return whether a one-time text is valid, and invalidate it."""
        is_own = self.once is not None and hmac.compare_digest(secret.encode(), self.once.encode())
        if is_own:
            self.once = None
        if is_own or cache.get(_key("once", secret)):
            return cache.add(_key("used", secret), 1, COOKIE_SECONDS)
        return self.stamps.redeem(OPEN, secret)

    def _welcome(self, head: Head, target: str) -> Refusal:
        cookie = (
            f"{self.cookie}={self.cookie_value(head)}; Path=/; HttpOnly; SameSite=Strict;"
            f" Max-Age={COOKIE_SECONDS}"
        )
        if is_behind_tls(head):
            cookie += "; Secure"
        headers = (
            (b"Location", target.encode("latin-1")),
            (b"Set-Cookie", cookie.encode()),
            (b"Cache-Control", b"no-store"),
        )
        if head.header("sec-fetch-site") not in OWN_SITES:
            # A redirect would continue the navigation of the other site, to which no strict cookie is sent.
            return Onward(200, "Opening Runicorn", headers[1:], target)
        return Refusal(303, "See " + target, headers)

    def _ask(self, sentence: str, head: Head, target: str) -> Refusal:
        headers = ((b"WWW-Authenticate", b"Bearer"), (b"Cache-Control", b"no-store"))
        return TokenForm(401, sentence, headers, local_path(target, head.prefix))


def _key(kind: str, secret: str) -> str:
    """Return a key of the cache about a one-time text, which the cache does not learn."""
    return f"{kind}-{hashlib.sha256(secret.encode()).hexdigest()}"


def is_form(head: Head) -> bool:
    return not head.socket and head.path == FORM_PATH and head.method == "POST"


def local_path(target: str, prefix: str = "") -> str:
    """Return `target` if it is a local path, else the first page; `//host` and `/\\host` lead to other sites."""
    fine = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if fine and target.isascii() and target.isprintable() else f"{prefix}/"


def _wait() -> Refusal:
    return Refusal(429, Message("Too many wrong tokens. Wait a minute"), ((b"Retry-After", b"60"),))


async def _small_body(receive: Receive) -> bytes:
    body = b""
    while len(body) <= FORM_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body
