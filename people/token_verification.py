"""Verification of the API token that a request shows."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, close_old_connections

from people.access.actor import TOKEN_ROLES, Actor
from runicorn.message import Message
from runicorn_site.security.plain_responses import Refusal
from runicorn_site.security.request_rules import Head

if TYPE_CHECKING:
    from people.models import ApiToken

PREFIX = "rnc_"
REFRESH_SECONDS = 1.0
WAIT_SECONDS = 5.0
INVALID = Refusal(
    401,
    "This token is unknown, revoked or expired",
    ((b"WWW-Authenticate", b'Bearer error="invalid_token"'), (b"Cache-Control", b"no-store")),
)
UNAVAILABLE = Refusal(503, Message("The accounts cannot be read. Try again shortly"))
logger = logging.getLogger(__name__)


def shown_token(head: Head) -> str | None:
    """Return the API token that a request shows; other bearer tokens are not API tokens."""
    kind, _, bearer = (head.header("authorization") or "").partition(" ")
    bearer = bearer.strip()
    return bearer if kind.lower() == "bearer" and bearer.startswith(PREFIX) else None


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


class ApiTokens:
    """The tokens in memory; a new one is known at once, a revoked one for a second."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="tokens")
        self._read_at = float("-inf")
        self._is_refreshing = False
        self._tokens: dict[str, ApiToken] = {}

    def refresh(self) -> None:
        """Read the tokens, on a thread without an event loop.

        Raises:
            django.db.Error: they cannot be read; none is accepted.
        """
        from people.models import ApiToken  # the guard is imported before Django is set up

        try:
            close_old_connections()  # of a thread that lasts
            self._tokens = {row.digest: row for row in ApiToken.objects.all()}
            self._read_at = time.monotonic()
        except (DatabaseError, InterfaceError):
            self._tokens, self._read_at = {}, float("-inf")
            raise
        finally:
            self._is_refreshing = False

    def is_known(self, head: Head) -> bool:
        """Return whether a request can be judged by what is in memory."""
        bearer = shown_token(head)
        return bearer is None or (self._is_fresh() and digest_of(bearer) in self._tokens)

    def find(self, bearer: str) -> ApiToken | None:
        """Return a valid token in memory, or None if it is unknown, revoked or expired."""
        token = self._tokens.get(digest_of(bearer))
        return None if token is None or token.is_expired(time.time()) else token

    def actor(self, head: Head) -> Actor | Refusal | None:
        """Return the actor of the API token in a request, a refusal of an invalid token, or None without one."""
        bearer = shown_token(head)
        if bearer is None:
            return None
        token = self.find(bearer)
        if token is None:
            return INVALID
        return Actor(token.owner, TOKEN_ROLES[token.scope], token=token.name, scope=token.scope)

    async def identify(self, head: Head) -> Actor | Refusal | None:
        """Return the same as `actor`; reads the tokens on another thread, and only if it has to."""
        if self.is_known(head):
            return self.actor(head)
        return await asyncio.get_running_loop().run_in_executor(self.thread, self._look_up, head)

    def identify_early(self, head: Head) -> Actor | Refusal | None:
        """Return the same before the body has arrived; may block for a moment."""
        if self.is_known(head):
            return self.actor(head)
        try:
            return self.thread.submit(self._look_up, head).result(WAIT_SECONDS)
        except TimeoutError:
            return UNAVAILABLE

    def socket_check(self, bearer: str) -> Callable[[], bool]:
        """Return whether the token of an open socket is valid; changes take effect with the next message."""

        def is_valid() -> bool:
            if not self._is_fresh() and not self._is_refreshing:
                self._is_refreshing = True
                self.thread.submit(self.refresh)
            return self.find(bearer) is not None

        return is_valid

    def _is_fresh(self) -> bool:
        return time.monotonic() < self._read_at + REFRESH_SECONDS

    def _look_up(self, head: Head) -> Actor | Refusal | None:
        try:
            self.refresh()
        except (DatabaseError, InterfaceError) as error:
            logger.error("The API tokens cannot be read: %s", error)
            return UNAVAILABLE
        return self.actor(head)
