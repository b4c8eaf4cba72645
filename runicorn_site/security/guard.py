"""Admission of requests before routing, static files and sockets.

The rules are in `request_rules.py` (hosts, origins, bodies), `tokens.py` and `access/` (permissions).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from types import SimpleNamespace
from typing import Any, Protocol, cast

from django.http import HttpRequest
from django.utils.translation import get_language_from_request

from people.access.actor import Actor
from people.token_verification import ApiTokens, shown_token
from runicorn_site.security.forwarding import Forwarding
from runicorn_site.security.headers import PUBLIC, Headers, not_stored, secure_cookies, security
from runicorn_site.security.peer import Connection, connection
from runicorn_site.security.plain_responses import STYLE, Refusal, is_style, serialize
from runicorn_site.security.proxies import PROXIED_WITHOUT_TOKEN, is_behind_tls, is_proxied
from runicorn_site.security.request_rules import LOOPBACK_NAMES, Head, judge
from runicorn_site.security.tokens import Tokens, Visitor
from runicorn_site.web.actor import ACTOR
from runicorn_site.web.readable import Readable, restrict

SPOOLED = "runicorn.body"
"""Key of a scope: an open file with a body that is too large for memory."""
HEAD = "runicorn.head"
"""Key of a scope: the head of its request, as `transport/mount.py` changed it."""
HAS_TOKEN = "runicorn.token"
"""Key of a scope: whether this viewer requires a token."""
SESSION_ENDED = 4401
SHARED = "/s/"
"""Prefix of shared links; see `people/shares/links.py`."""
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class People(Protocol):
    """The users of a viewer (`runicorn_site/people`)."""

    async def identify(self, head: Head, address: str) -> Actor | Refusal:
        """Return who sent a request, `ANONYMOUS` if it needs no login, or a refusal if it needs one."""

    def identify_early(self, head: Head, address: str) -> Actor | Refusal:
        """Return the same before the body has arrived; may block for a moment."""

    def socket_check(self, head: Head, actor: Actor) -> Callable[[], bool]:
        """Return a function that returns whether the actor of an open socket may still read."""

    def readable_by(self, account: int | None, name: str) -> Readable | None:
        """Return the projects readable by links of an account, or of a token without one; None if it may not share.

        May block.

        Raises:
            django.db.Error: the accounts cannot be read.
        """

    def problem(self) -> str:
        """Return why requests cannot be identified, as a sentence, or "". May block."""

    def record_refusal(self, head: Head, address: str, actor: Actor, status: int) -> None:
        """Record a request that was refused before its body arrived."""


@dataclass(frozen=True)
class Policy:
    names: frozenset[str] = LOOPBACK_NAMES
    """Host names under which it answers."""
    tokens: Tokens | None = field(default=None)
    """The token that requests need; None if others cannot reach the address."""
    owner: int | None = None
    """The UID whose requests need no token, where the system tells the UID of a client."""
    api_tokens: ApiTokens = field(default_factory=ApiTokens)
    """Tokens with a name and a scope; a request that shows one may do no more than it, even from the owner."""
    forwarding: Forwarding = field(default=Forwarding())
    """The base path, and the proxies whose headers count."""
    people: People | None = None
    """The users, who sign in; without them there is at most one token for everything."""

    def visitor(self, head: Head, ends: Connection) -> Visitor:
        """Return who sent a request with this head over this connection."""
        return Visitor(ends.address, lambda: self._is_owner(head, ends))

    def _is_owner(self, head: Head, ends: Connection) -> bool:
        # A proxy of the owner forwards the requests of other people too.
        return self.owner is not None and not is_proxied(head) and ends.uid == self.owner

    @property
    def is_closed(self) -> bool:
        """Return whether requests need a token or a login."""
        return self.tokens is not None or self.people is not None

    def judge(self, head: Head) -> Refusal | None:
        """Return the refusal of a request that no token and no user can pass, or None."""
        refusal = judge(head, self.names) or head.refusal
        # A link shows one thing to everyone who has it, also where a proxy makes nothing else available.
        may_pass = self.is_closed or head.path.startswith(SHARED)
        if refusal is None and not may_pass and is_proxied(head) and shown_token(head) is None:
            return PROXIED_WITHOUT_TOKEN
        return refusal

    async def admit(self, head: Head, scope: Scope, receive: Receive) -> Actor | Refusal | None:
        """Return who sent a request that may pass, or its refusal; None without users and API token.

        The sender is set in the scope, of a refused request too.
        """
        refusal = self.judge(head)
        if refusal is None and not head.socket and is_style(head.method, head.path):
            refusal = STYLE
        if refusal is not None:
            return refusal
        ends = connection(scope.get("client"), scope.get("server"))
        actor = await (
            self.people.identify(head, ends.address) if self.people else self.api_tokens.identify(head)
        )
        if actor is None and self.tokens is not None:
            return await self.tokens.judge(head, scope["query_string"], self.visitor(head, ends), receive)
        if isinstance(actor, Actor):
            scope[ACTOR] = actor
            restrict(actor.readable)
        return _allowed(actor, head)

    def refused_early(self, head: Head, ends: Connection) -> Refusal | None:
        """Return the refusal of a request whose body has not arrived, or None; `admit` judges it again with its body.

        A handshake without a token is refused by `admit`.
        """
        refusal = self.judge(head)
        if refusal is not None or head.path.startswith(SHARED):
            return refusal
        actor = (
            self.people.identify_early(head, ends.address)
            if self.people
            else self.api_tokens.identify_early(head)
        )
        if actor is None and self.tokens is not None and not head.socket:
            return self.tokens.judge_early(head, self.visitor(head, ends))
        allowed = _allowed(actor, head)
        if not isinstance(allowed, Refusal):
            return None
        if self.people is not None and isinstance(actor, Actor):
            self.people.record_refusal(head, ends.address, actor, allowed.status)
        return allowed

    def socket_check(self, head: Head, actor: Actor | None) -> Callable[[], bool] | None:
        """Return whether what opened a socket is valid still, as a function; None for what does not end."""
        bearer, tokens = shown_token(head), self.tokens
        if self.people is not None and actor is not None:
            return self.people.socket_check(head, actor)
        if bearer is not None:
            return self.api_tokens.socket_check(bearer)
        if tokens is not None and tokens.has_cookie(head):
            return lambda: tokens.has_cookie(head)
        return None


def _allowed(actor: Actor | Refusal | None, head: Head) -> Actor | Refusal | None:
    return (actor.refusal(head) or actor) if isinstance(actor, Actor) else actor


async def admitted(policy: Policy, scope: Scope, receive: Receive, send: Send) -> bool:
    """Refuse a request or a handshake, or clear the fields of its scope that clients may not set."""
    head = head_of(scope)
    actor = await policy.admit(head, scope, receive)
    if isinstance(actor, Refusal):
        await refuse(actor, scope, send)
        return False
    # For Django's CSRF check.
    if is_behind_tls(head):
        scope["scheme"] = "https"
    # daphne copies `root_path` from a request header, so it is overwritten below.
    if not scope.get("client"):  # of a Unix socket
        scope["client"] = ["127.0.0.1", 0]
    if policy.tokens is not None:
        scope[HAS_TOKEN] = True
    scope.update(path=head.path, raw_path=head.raw_path.encode("latin-1"), root_path="")
    return True


class SocketGuard:
    """ASGI middleware around the socket routes; `server/site.py` does the same for requests."""

    def __init__(self, app: Any, policy: Policy) -> None:
        self.app = app
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await admitted(self.policy, scope, receive, send):
            if is_valid := self.policy.socket_check(head_of(scope), scope.get(ACTOR)):
                send = while_valid(send, is_valid)
            await self.app(scope, receive, send)


def head_of(scope: Scope) -> Head:
    head: Head | None = scope.get(HEAD)
    if head is None:
        target = scope.get("raw_path") or scope["path"].encode()
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        is_socket = scope["type"] == "websocket"
        head = Head(scope.get("method", "GET"), target.decode("latin-1"), scope["headers"], is_socket)
        scope[HEAD] = head
    return head


def prefix_of(scope: Scope) -> str:
    """Return the path below which the browser sees the server, "" for the root."""
    return head_of(scope).prefix


def while_valid(send: Send, is_valid: Callable[[], bool]) -> Send:
    """Wrap `send` to close the socket once the browser session or the API token that opened it has ended."""
    ended = False

    async def send_or_close(message: MutableMapping[str, Any]) -> None:
        nonlocal ended
        if ended:
            return
        if message["type"] == "websocket.send" and not is_valid():
            ended = True
            message = {"type": "websocket.close", "code": SESSION_ENDED}
        await send(message)

    return send_or_close


def response_headers(present: Headers, head: Head, policy: Policy) -> Headers:
    """Return the headers of a response with the security headers."""
    if is_behind_tls(head):
        present = secure_cookies(present)
    if policy.is_closed and not head.path.startswith(PUBLIC):
        present = not_stored(present)
    return present + security(head.path, present)


def language_of(head: Head) -> str:
    """Return the language in which a page answers a request; the settings and the browser choose it."""
    cookies: SimpleCookie = SimpleCookie()
    with suppress(CookieError):
        cookies.load(head.header("cookie") or "")
    request = SimpleNamespace(
        COOKIES={name: morsel.value for name, morsel in cookies.items()},
        META={"HTTP_ACCEPT_LANGUAGE": head.header("accept-language") or ""},
    )
    return get_language_from_request(cast(HttpRequest, request))


async def refuse(refusal: Refusal, scope: Scope, send: Send) -> None:
    """Answer a request with a refusal; a handshake is answered 403 by the server, without a code."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    head = head_of(scope)
    headers, content = serialize(refusal, head.path, head.prefix, language_of(head))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else content
    await send({"type": "http.response.body", "body": body})
