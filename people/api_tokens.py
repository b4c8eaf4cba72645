"""API tokens with a name, a scope and an end; the token itself is stored nowhere."""

from __future__ import annotations

import re
import secrets
import time

from django.db import IntegrityError
from django.db.models import QuerySet

from people.models import ApiToken
from people.token_verification import PREFIX, digest_of
from runicorn import _platform
from runicorn_site.web.access import Scope
from runicorn_site.web.durable import changing
from runicorn_site.web.periods import InvalidToken

LONGEST_NAME = 100
_NAME = re.compile(r"[\w.@ -]+")


def add_token(name: str, scope: Scope, seconds: float | None = None, account: str = "") -> str:
    """Add a token and return it; it cannot be shown again.

    Args:
        name: by which it is listed and revoked.
        scope: what it may do.
        seconds: until it expires; None for never.
        account: name of the account that owns it; its names are its own.

    Raises:
        InvalidToken: the name is taken, too long or has other characters.
    """
    if not _NAME.fullmatch(name) or name.strip() != name or len(name) > LONGEST_NAME:
        raise InvalidToken(
            f"A name has at most {LONGEST_NAME} letters, digits, spaces, '.', '-', '_' and '@'"
        )
    token, now = PREFIX + secrets.token_urlsafe(32), time.time()
    try:
        with changing():
            ApiToken.objects.create(
                name=name,
                owner=account or _platform.user_name(),
                scope=scope,
                digest=digest_of(token),
                created_at=now,
                expires_at=now + seconds if seconds else None,
                account=bool(account),
            )
    except IntegrityError as error:
        raise InvalidToken(
            f"There is a token {name} already: revoke it first, or choose another name"
        ) from error
    return token


def tokens_of(account: str) -> QuerySet[ApiToken]:
    """Return the tokens of an account, or with "" those without one."""
    return ApiToken.objects.filter(account=bool(account), **({"owner": account} if account else {}))


def revoke_token(name: str, account: str = "") -> bool:
    """Remove a token of an account, or one without; return whether there was one."""
    return bool(tokens_of(account).filter(name=name).delete()[0])
