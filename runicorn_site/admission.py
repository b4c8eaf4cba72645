"""Whom a server lets in, from the options it is started with."""

from __future__ import annotations

from pathlib import Path

from runicorn_site.access import allowed_names
from runicorn_site.guard import Policy
from runicorn_site.listening import is_loopback
from runicorn_site.security.token_source import BadToken, find_token
from runicorn_site.tokens import Tokens


def policy(bound: str, host: str, allowed: tuple[str, ...], token: str, kept: Path, cookie: str) -> Policy:
    """What the guard goes by.

    Args:
        bound: the address that the socket is really bound to.
        host: what the user called it.
        allowed: further names for it.
        token: "" for none, `auto`, `new`, or the path of a file with the token.
        kept: the file of the token that `auto` and `new` make.
        cookie: the name of the cookie that stands for the token.

    Raises:
        BadToken: others can reach the address and there is no token, or the file holds none.
        OSError: the token that was made cannot be written.
    """
    if not token and not is_loopback(bound):
        raise BadToken(
            f"{host} can be reached by others: start the viewer with --token auto (or --token FILE)"
        )
    tokens = Tokens(find_token(token, kept), cookie) if token else None
    return Policy(allowed_names(host, (bound, *allowed)), tokens)
