"""API tokens with a name, a scope and an end: `tokens.json` in the configuration directory.

    {"tokens": [{"name": "ci", "owner": "ada", "scope": "write", "digest": "<SHA-256>", "created_at": …, "expires_at": …}]}

A token has 256 random bits, so that a plain digest cannot be reversed; the token itself is stored nowhere.
"""

from __future__ import annotations

import getpass
import hashlib
import re
import secrets
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from runicorn.settings.user import PRIVATE_FILE, config_directory
from runicorn.store import layout
from runicorn.store.folder_lock import folder_lock

FILE = "tokens.json"
PREFIX = "rnc_"
LONGEST_NAME = 100
_NAME = re.compile(r"[\w.@ -]+")
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PERIOD = re.compile(r"([1-9][0-9]{0,5})([mhdw])")


class Scope(StrEnum):
    """What a token may do; each scope contains those before it."""

    READ = "read"
    WRITE = "write"
    CURATE = "curate"
    ADMIN = "admin"


class InvalidToken(ValueError):
    """A token that cannot be added; the text says why."""


class UnreadableTokens(Exception):
    """`tokens.json` is damaged or cannot be read; the text says what to do."""


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


def path() -> Path:
    return config_directory() / FILE


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


def read_tokens() -> list[ApiToken]:
    """Return the tokens, the oldest first.

    Raises:
        UnreadableTokens: the file is damaged or cannot be read.
    """
    file = path()
    content, problem = layout.read_json(file)
    if problem and file.exists():
        raise UnreadableTokens(f"{file}: {problem}")
    try:
        return [_token(entry) for entry in content.get("tokens", [])]
    except (TypeError, ValueError, AttributeError) as error:
        raise UnreadableTokens(f"{file} has an entry that is no token: {error}") from error


def add_token(name: str, scope: Scope, seconds: float | None = None, account: str = "") -> str:
    """Add a token and return it; it cannot be shown again.

    Args:
        name: by which it is listed and revoked.
        scope: what it may do.
        seconds: until it expires; None for never.
        account: name of the account that owns it; its names are its own.

    Raises:
        InvalidToken: the name is taken, too long or has other characters.
        UnreadableTokens: the file is damaged or cannot be read.
        OSError: the file cannot be written.
    """
    if not _NAME.fullmatch(name) or name.strip() != name or len(name) > LONGEST_NAME:
        raise InvalidToken(
            f"A name has at most {LONGEST_NAME} letters, digits, spaces, '.', '-', '_' and '@'"
        )
    with folder_lock(config_directory()):
        kept = read_tokens()
        if any(token.name == name and token.owner_account == account for token in kept):
            raise InvalidToken(f"There is a token {name} already: revoke it first, or choose another name")
        token, now = PREFIX + secrets.token_urlsafe(32), time.time()
        ends = now + seconds if seconds else None
        added = ApiToken(name, account or _user(), scope, digest_of(token), now, ends, bool(account))
        _write([*kept, added])
    return token


def revoke_token(name: str, account: str = "") -> bool:
    """Remove a token of an account, or one without; return whether there was one.

    Raises:
        UnreadableTokens: the file is damaged or cannot be read.
        OSError: the file cannot be written.
    """
    with folder_lock(config_directory()):
        before = read_tokens()
        after = [token for token in before if (token.name, token.owner_account) != (name, account)]
        if len(after) < len(before):
            _write(after)
    return len(after) < len(before)


def _token(entry: dict[str, object]) -> ApiToken:
    token = ApiToken(**{**entry, "scope": Scope(str(entry.get("scope")))})  # type: ignore[arg-type]  # checked below
    texts = (token.name, token.owner, token.digest)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"the entry {token.name!r} has an invalid field")
    if not isinstance(token.account, bool):
        raise ValueError(f"the account of {token.name!r} is neither true nor false")
    if not isinstance(token.expires_at, int | float | None):
        raise ValueError(f"the end of {token.name!r} is no time")
    return token


def _write(tokens: list[ApiToken]) -> None:
    layout.write_json(path(), {"tokens": [asdict(token) for token in tokens]}, mode=PRIVATE_FILE)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a UID without an account, as in containers
        return ""
