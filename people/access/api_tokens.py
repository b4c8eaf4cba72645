"""API tokens with a name, a scope and an end: `tokens.json` in the configuration directory.

    {"tokens": [{"name": "ci", "owner": "ada", "scope": "write", "digest": "<SHA-256>", "created_at": …, "expires_at": …}]}

A token has 256 random bits, so that a plain digest cannot be reversed; the token itself is stored nowhere.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from dataclasses import dataclass

from runicorn import _platform
from runicorn_site.web.access import Scope
from runicorn_tools.entry_list import EntryList

FILE = "tokens.json"
PREFIX = "rnc_"
LONGEST_NAME = 100
_NAME = re.compile(r"[\w.@ -]+")
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PERIOD = re.compile(r"([1-9][0-9]{0,5})([mhdw])")


class InvalidToken(ValueError):
    """A token that cannot be added; the text says why."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token without its secret. Times are Unix seconds.

    Attributes:
        digest: SHA-256 of the token, in hexadecimal.
        expires_at: None for a token that does not expire.
        account: whether the owner is an account of a viewer with users, whose rights limit the token; otherwise
            it is the user of the machine who added it.
    """

    name: str
    owner: str
    scope: Scope
    digest: str
    created_at: float
    expires_at: float | None = None
    account: bool = False

    @property
    def owner_account(self) -> str:
        """The account that owns the token, or ""."""
        return self.owner if self.account else ""

    def is_expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at


LIST = EntryList(FILE, "tokens", ApiToken)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def seconds_of(period: str) -> float:
    """Return the seconds of a period such as `90m`, `12h`, `30d` or `4w`.

    Raises:
        InvalidToken: it has another form.
    """
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise InvalidToken(f"{period!r} is no period: write a number and m, h, d or w, as in 30d")
    return float(match[1]) * _SECONDS[match[2]]


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
    with LIST.changing() as tokens:
        if any(token.name == name and token.owner_account == account for token in tokens):
            raise InvalidToken(f"There is a token {name} already: revoke it first, or choose another name")
        token, now = PREFIX + secrets.token_urlsafe(32), time.time()
        ends = now + seconds if seconds else None
        owner = account or _platform.user_name()
        tokens.append(ApiToken(name, owner, scope, digest_of(token), now, ends, bool(account)))
    return token


def revoke_token(name: str, account: str = "") -> bool:
    """Remove a token of an account, or one without; return whether there was one."""
    return LIST.remove(lambda token: (token.name, token.owner_account) == (name, account))
