"""Check of every address to which a block of code connects or sends.

Services of apprise open their connections themselves, with smtplib, requests or sockets, to hosts from any part of a
channel's address. An audit hook sees each address after its name was resolved, on every thread that runs in the
context of the block.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from alerts.delivery.addresses import ForbiddenAddress, check_host

EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_refusals: ContextVar[list[ForbiddenAddress]] = ContextVar("refusals")


@contextmanager
def checked_connections() -> Iterator[None]:
    """Refuse connections to refused addresses within the block.

    Raises:
        ForbiddenAddress: at the end of the block, if there was one, even where the block handled the error.
    """
    _install()
    refusals: list[ForbiddenAddress] = []
    token = _refusals.set(refusals)
    try:
        yield
    finally:
        _refusals.reset(token)
        if refusals:
            raise refusals[0]


@lru_cache(maxsize=1)
def _install() -> None:
    # A hook stays for the life of the process, so it is added with the first message.
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in EVENTS:
        return
    refusals = _refusals.get(None)
    if refusals is None or not isinstance(arguments[1], tuple):  # of a Unix socket, or connected before
        return
    try:
        # A datagram may be sent to a name.
        check_host(str(arguments[1][0]))
    except ForbiddenAddress as error:
        refusals.append(error)
        # Of other errors the standard library would not close its socket.
        raise OSError(str(error)) from error
