"""Verification of the API token that a request shows. No Django."""

from __future__ import annotations

import time

from people.access import api_tokens
from people.access.actor import TOKEN_ROLES, Actor
from people.access.api_tokens import ApiToken, digest_of
from runicorn_site.security.plain_responses import Refusal
from runicorn_site.security.request_rules import Head

LOOK_AGAIN_SECONDS = 1.0
INVALID = Refusal(
    401,
    "This token is unknown, revoked or expired",
    ((b"WWW-Authenticate", b'Bearer error="invalid_token"'), (b"Cache-Control", b"no-store")),
)


def shown_token(head: Head) -> str | None:
    """Return the API token that a request shows; other bearer tokens are not API tokens."""
    kind, _, bearer = (head.header("authorization") or "").partition(" ")
    bearer = bearer.strip()
    return bearer if kind.lower() == "bearer" and bearer.startswith(api_tokens.PREFIX) else None


class ApiTokens:
    """The tokens in `tokens.json`; a new one is known at once, a revoked one for a second."""

    def __init__(self) -> None:
        self._looked = float("-inf")
        self._known: dict[str, ApiToken] = {}

    def find(self, bearer: str) -> ApiToken | None:
        """Return a valid token, or None if it is unknown, revoked or expired."""
        digest = digest_of(bearer)
        if digest not in self._known or time.monotonic() >= self._looked + LOOK_AGAIN_SECONDS:
            self._looked = time.monotonic()
            self._known = api_tokens.LIST.by_identity(lambda token: token.digest)
        token = self._known.get(digest)
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
