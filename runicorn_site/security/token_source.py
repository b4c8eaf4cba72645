"""Read, create and keep the token of a viewer."""

from __future__ import annotations

import logging
import math
import os
import re
import secrets
from pathlib import Path

from runicorn import _platform
from runicorn_site.database.state_dir import keep_secret

AUTO, NEW = "auto", "new"
MINIMUM_BITS = 128
MINIMUM_DISTINCT = 8
LARGEST_FILE = 4096
ALPHABETS = (
    ("[0-9]*", 10),
    ("[0-9a-f]*|[0-9A-F]*", 16),
    ("[a-z]*|[A-Z]*", 26),
    ("[a-z0-9 ]*|[A-Z0-9 ]*", 37),
    ("[A-Za-z0-9_-]*", 64),
    (".*", 95),
)
"""Patterns of whole tokens and how many characters they could have drawn from, fewest first."""
HOW_TO_MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
logger = logging.getLogger(__name__)


class BadToken(Exception):
    """No usable token where one is needed; the text says what to do."""


def estimated_bits(token: str) -> float:
    """Return the entropy of `token` if each character was drawn at random from the smallest alphabet that fits.

    0 for tokens of few distinct characters, which are not random.
    """
    repeated = re.fullmatch(r"(.+?)\1+", token)
    if repeated is not None:
        return estimated_bits(repeated[1])
    if len(set(token)) < MINIMUM_DISTINCT:
        return 0.0
    return len(token) * math.log2(next(size for pattern, size in ALPHABETS if re.fullmatch(pattern, token)))


def find_token(source: str, token_file: Path) -> str:
    """Return the token that `source` stands for.

    Args:
        source: `auto` for the token in `token_file`, made when it is missing; `new` to replace that one;
            else the path of a file that holds a token.
        token_file: the file of the token that we made ourselves (mode 0600).

    Raises:
        BadToken: the file cannot be read, or its token is empty or too short.
        OSError: `token_file` cannot be written.
    """
    if source not in (AUTO, NEW):
        return read_token(Path(os.path.expanduser(source)))
    token = _kept_token(token_file) if source == AUTO else None
    if token is None:
        token = secrets.token_urlsafe(32)
        keep_secret(token_file, token)
    return token


def read_token(path: Path) -> str:
    """Return the token in a file that the user made.

    Raises:
        BadToken: it cannot be read, or its token is empty or too short.
    """
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadToken(f"The token file {path} cannot be read: {error}") from error
    if not token or not token.isprintable():
        raise BadToken(f"The token file {path} must hold one line of printable characters")
    if estimated_bits(token) < MINIMUM_BITS:
        raise BadToken(
            f"The token in {path} has less than {MINIMUM_BITS} bits and could be guessed: "
            f"make a longer one, for example with {HOW_TO_MAKE_ONE}"
        )
    return token


def _kept_token(path: Path) -> str | None:
    """Return the token of an earlier start, unless it is missing, damaged, or others could have read it."""
    try:
        if hasattr(os, "getuid") and not _is_private(path.lstat()):
            logger.warning("Others could read %s: the viewer makes a new token", path)
            return None
        token = _platform.read_regular(path, LARGEST_FILE, follow_links=False).decode("ascii").strip()
    except (OSError, ValueError):
        return None
    return token if token.isprintable() and estimated_bits(token) >= MINIMUM_BITS else None


def _is_private(info: os.stat_result) -> bool:
    return info.st_uid == os.getuid() and not info.st_mode & 0o077
