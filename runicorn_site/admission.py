"""Whom a server lets in, from the options it is started with."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from runicorn_site.access import allowed_names
from runicorn_site.guard import Policy
from runicorn_site.listening import is_loopback
from runicorn_site.tokens import Tokens

AUTO = "auto"


class BadToken(Exception):
    """No token where one is needed, or a file that holds none; the text says what to do."""


def policy(bound: str, host: str, allowed: tuple[str, ...], token: str, cookie: str) -> Policy:
    """What the guard goes by.

    Args:
        bound: the address that the socket is really bound to.
        host: what the user called it.
        allowed: further names for it.
        token: "" for none, `auto`, or the path of a file with the token.
        cookie: the name of the cookie that stands for the token.

    Raises:
        BadToken: others can reach the address and there is no token, or the file holds none.
    """
    if not token and not is_loopback(bound):
        raise BadToken(
            f"{host} can be reached by others: start the viewer with --token auto (or --token FILE)"
        )
    tokens = Tokens(find_token(token), cookie) if token else None
    return Policy(allowed_names(host, (bound, *allowed)), tokens)


def find_token(source: str) -> str:
    """The token that `source` stands for.

    Raises:
        BadToken: the file cannot be read, or is empty.
    """
    if source == AUTO:
        return secrets.token_urlsafe(32)
    path = Path(os.path.expanduser(source))
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadToken(f"The token file {path} cannot be read: {error}") from error
    if not token or not token.isprintable():
        raise BadToken(f"The token file {path} must hold one line of printable characters")
    return token
