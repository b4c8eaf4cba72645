"""Access rules of a server from its command-line options."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from runicorn_site.security.accounts import others_use_this_machine
from runicorn_site.security.browser_sessions import BrowserSessions
from runicorn_site.security.guard import Policy
from runicorn_site.security.listening import is_loopback
from runicorn_site.security.peer import can_identify
from runicorn_site.security.request_rules import allowed_names
from runicorn_site.security.token_source import AUTO, BadToken, find_token
from runicorn_site.security.tokens import Tokens


@dataclass(frozen=True)
class TokenOptions:
    token: str = ""
    """"" for the default of this machine, `auto`, `new`, or the path of a file with the token."""
    without: bool = False
    """Ask for none, also where other people use the machine."""


def policy(
    bound: str, host: str, allowed: tuple[str, ...], wishes: TokenOptions, token_file: Path, cookie: str
) -> Policy:
    """Return the access rules.

    Args:
        bound: the address that the socket is really bound to.
        host: what the user called it.
        allowed: further names for it.
        wishes: the options about tokens.
        token_file: the file of the token that `auto` and `new` make.
        cookie: the name of the cookie that stands for the token.

    Raises:
        BadToken: others can reach the address and there is no token, or the file has no valid one.
        BadSetting: `RUNICORN_OTHER_USERS` has an unknown value.
        OSError: the token that was made cannot be written.
    """
    names = allowed_names(host, (bound, *allowed))
    if wishes.without and wishes.token:
        raise BadToken("--no-token and --token exclude each other")
    if not wishes.token and not is_loopback(bound):
        raise BadToken(f"{host} can be reached by others: leave out --no-token, or choose --users or --token")
    sessions = BrowserSessions(token_file.parent)
    if wishes.token:
        return Policy(names, Tokens(find_token(wishes.token, token_file), cookie, sessions))
    if wishes.without or not others_use_this_machine():
        return Policy(names)
    own = os.geteuid() if hasattr(os, "geteuid") else -1
    owner = own if can_identify(own) else None
    return Policy(names, Tokens(find_token(AUTO, token_file), cookie, sessions), owner)
