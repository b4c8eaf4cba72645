"""Audit log: who changed what, when and from where.

It has no bodies and no query strings, so that it holds no secrets, and no requests of unknown senders, who could
fill it. Equal requests within a minute are one line, and a second one with the count of the others. Of refused requests
a user gets at most `MOST_REFUSED` lines a minute, and one with the count of the others: what is done always has a line.
The newest `MOST_LINES` are kept, those of administrators apart.
"""

from __future__ import annotations

import atexit
import itertools
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict, cast

from django.db import DatabaseError, InterfaceError, close_old_connections
from django.http import HttpRequest

from people.access.actor import Actor, Role
from people.access.routes import SAFE, rule_of
from people.models import Change
from runicorn import _platform
from runicorn_site.security.request_rules import Head

MOST_LINES, SLACK = 200_000, 1_000
MOST_REFUSED = 30
MOST_RUNS = 100
LONGEST_PATH = 500
SIGN_IN = "/login/oidc/callback"
"""A request that changes something though its method is safe."""
KEY = "runicorn.change"
"""Key of a scope: the fields of its change that are known so far."""
logger = logging.getLogger(__name__)
_thread = ThreadPoolExecutor(1, thread_name_prefix="changes")


class ChangeRecord(TypedDict, total=False):
    """A line of the record."""

    at: float
    user: str
    token: str
    address: str
    method: str
    path: str
    status: int
    about: str
    runs: list[str]
    count: int
    """How many further equal requests of a minute the line stands for; absent for one request."""


def change_of(head: Head, address: str) -> ChangeRecord | None:
    """Return the record of a request before it is answered; None if it is not recorded.

    Args:
        head: of the request.
        address: of the client.
    """
    rule = rule_of(head.method, head.path)
    is_safe = head.method in SAFE and head.path.rstrip("/") != SIGN_IN
    if is_safe or (rule is not None and not rule.is_recorded):
        return None
    path = rule.path if rule is not None and "{secret}" in rule.path else head.path[:LONGEST_PATH]
    return ChangeRecord(at=time.time(), address=address, method=head.method, path=path)


def record(change: ChangeRecord, actor: Actor | None, status: int) -> None:
    """Append a request on another thread, unless its sender is unknown."""
    change["status"] = status
    change.setdefault("user", actor.name if actor else "")
    if actor is not None and actor.token:
        change["token"] = actor.token
    if change["user"] or "token" in change:
        _thread.submit(_add, change, actor is not None and actor.role is Role.ADMIN)


def _flush() -> None:
    close_old_connections()
    _folding.flush()


def _add(change: ChangeRecord, is_admin: bool) -> None:
    close_old_connections()  # of a thread that lasts
    _folding.add(change, is_admin)


def note_targets(request: HttpRequest, runs: Iterable[str]) -> None:
    """Add the runs that a request changes to its line."""
    change = request.scope.get(KEY)  # type: ignore[attr-defined]
    if change is not None and (ids := list(runs)[:MOST_RUNS]):
        change["runs"] = ids


def note_user(request: HttpRequest, name: str) -> None:
    """Add the user of a sign-in to its line."""
    change = request.scope.get(KEY)  # type: ignore[attr-defined]
    if change is not None:
        change["user"] = name[:150]


def note_about(request: HttpRequest, name: str) -> None:
    """Add the user or the group that a request changes to its line."""
    change = request.scope.get(KEY)  # type: ignore[attr-defined]
    if change is not None:
        change["about"] = name[:150]


class Folding:
    """Lines of the present minute. Used by one thread only."""

    def __init__(self) -> None:
        self._minute = 0.0
        self._further: Counter[tuple[str, bool]] = Counter()
        """Requests without a line of their own, by their line without a time, and whether an administrator sent them."""
        self._refused: Counter[str] = Counter()

    def add(self, change: ChangeRecord, is_admin: bool) -> None:
        """Append a line for a request, or count it."""
        at = change["at"]
        if at // 60 != self._minute:
            self.flush()
            self._minute = at // 60
        is_refused = change["status"] >= 400 and not is_admin
        self._refused[change["user"]] += is_refused
        is_beyond = self._refused[change["user"]] > MOST_REFUSED and is_refused
        fields = {name: value for name, value in change.items() if name != "at"}
        if is_beyond:
            fields = {"user": change["user"], "method": "", "path": "…", "status": change["status"]}
        line = json.dumps(fields, sort_keys=True), is_admin
        is_new = line not in self._further
        self._further[line] += is_beyond or not is_new
        if is_new and not is_beyond:
            append(change, is_admin)

    def flush(self) -> None:
        """Append a line for each group of counted requests."""
        for (fields, is_admin), count in self._further.items():
            if count:
                append(cast(ChangeRecord, json.loads(fields) | {"at": time.time(), "count": count}), is_admin)
        self._further.clear()
        self._refused.clear()


_folding = Folding()
atexit.register(_folding.flush)


def append(change: ChangeRecord, is_admin: bool = True) -> None:
    """Store a line, and from time to time remove the oldest."""
    limits = {"user": 200, "token": 100, "address": 100, "method": 20, "about": 150}
    fields = {
        name: _clean(value)[: limits.get(name)] if isinstance(value, str) else value
        for name, value in change.items()
    }
    try:
        row = Change.objects.create(is_admin=is_admin, **fields)
        if row.pk % SLACK == 0:
            _remove_oldest(is_admin)
    except (DatabaseError, InterfaceError) as error:
        logger.error("A change could not be recorded: %s", error)


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _remove_oldest(is_admin: bool) -> None:
    rows = Change.objects.filter(is_admin=is_admin)
    for key in rows.order_by("-pk").values_list("pk", flat=True)[MOST_LINES : MOST_LINES + 1]:
        rows.filter(pk__lte=key).delete()


def record_sign_up(name: str, address: str) -> None:
    """Record an account that was created because a proxy named its user."""
    change = ChangeRecord(at=time.time(), user=name, address=address, method="ADD", path="--auth-header")
    record(change, None, 201)


def record_command(command: str, action: str, about: str) -> None:
    """Append a change that was made by a command on this machine."""
    user = f"{_platform.user_name()} (command line)"
    append(ChangeRecord(at=time.time(), user=user, method=action.upper(), path=command, about=about))


def read_changes(matches: Callable[[ChangeRecord], bool], limit: int) -> list[ChangeRecord]:
    """Return the last matching changes, newest first."""
    _thread.submit(_flush).result()
    rows = Change.objects.order_by("-at", "-pk").values(*ChangeRecord.__annotations__)
    changes = (
        cast(ChangeRecord, {name: value for name, value in row.items() if value not in ("", None, [])})
        for row in rows.iterator(chunk_size=1000)
    )
    return list(itertools.islice(filter(matches, changes), limit))
