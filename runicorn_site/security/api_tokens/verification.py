"""Verification of the API token that a request shows. No Django."""

from __future__ import annotations

import logging
import threading
import time

from runicorn.settings import api_tokens
from runicorn.settings.api_tokens import ApiToken, UnreadableTokens, digest_of
from runicorn_site.security.access.actor import TOKEN_ROLES, Actor
from runicorn_site.security.plain_responses import Refusal
from runicorn_site.security.request_rules import Head

LOOK_AGAIN_SECONDS = 1.0
INVALID = Refusal(
    401,
    "This token is unknown, revoked or expired",
    ((b"WWW-Authenticate", b'Bearer error="invalid_token"'), (b"Cache-Control", b"no-store")),
)
logger = logging.getLogger(__name__)


def shown_token(head: Head) -> str | None:
    """Return the API token that a request shows; other bearer tokens are not API tokens."""
    kind, _, shown = (head.header("authorization") or "").partition(" ")
    shown = shown.strip()
    return shown if kind.lower() == "bearer" and shown.startswith(api_tokens.PREFIX) else None


class ApiTokens:
    """The tokens in `tokens.json`; a new one is known at once, a revoked one for a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._seen: tuple[int, int, int] | None = None
        self._known: dict[str, ApiToken] = {}

    def find(self, shown: str) -> ApiToken | None:
        """Return a valid token, or None if it is unknown, revoked or expired."""
        digest = digest_of(shown)
        with self._lock:
            if digest not in self._known or time.monotonic() >= self._looked + LOOK_AGAIN_SECONDS:
                self._looked = time.monotonic()
                self._look()
        found = self._known.get(digest)
        return None if found is None or found.is_expired(time.time()) else found

    def actor(self, head: Head) -> Actor | Refusal | None:
        """Return the actor of the API token in a request, a refusal of an invalid token, or None without one."""
        shown = shown_token(head)
        if shown is None:
            return None
        token = self.find(shown)
        if token is None:
            return INVALID
        return Actor(token.owner, TOKEN_ROLES[token.scope], token=token.name, scope=token.scope)

    def _look(self) -> None:
        try:
            found = api_tokens.path().stat()
        except OSError:
            self._seen, self._known = None, {}
            return
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._known = {token.digest: token for token in api_tokens.read_tokens()}
        except UnreadableTokens as error:
            self._known = {}
            logger.error("No API token is accepted: %s", error)
