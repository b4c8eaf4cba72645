"""Audit log: who changed what, when and from where, as JSON lines in `changes.jsonl`.

    {"at": 1.7e9, "user": "ada", "token": "ci", "address": "192.0.2.1", "method": "POST", "path": "/api/runs/tags",
     "status": 200, "runs": ["…"], "count": 3}

It has no bodies and no query strings, so that it holds no secrets, and no requests of unknown senders, who could
fill it. Equal requests within a minute are one line, and a second one with the count of the others. Of refused requests
a user gets at most `MOST_REFUSED` lines a minute, and one with the count of the others: what is done always has a line.
Requests of administrators are in `changes-admin.jsonl`, which those of others cannot rotate away.
"""

from __future__ import annotations

import atexit
import heapq
import itertools
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypedDict, cast

from django.http import HttpRequest

from people.access.actor import Actor, Role
from people.access.routes import SAFE, rule_of
from runicorn import _platform
from runicorn.settings.user import PRIVATE_FILE, data_directory
from runicorn_site.security.request_rules import Head

FILE, ADMIN_FILE = "changes.jsonl", "changes-admin.jsonl"
LARGEST_FILE = 5_000_000
GENERATIONS = 5
"""Older files that are kept: `changes.jsonl.1`, the newest, to `.5`."""
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


def changes_file(is_admin: bool = False) -> Path:
    """Return the file of the requests of administrators, or of all others; older ones end in `.1`, `.2`, …"""
    return data_directory() / (ADMIN_FILE if is_admin else FILE)


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
        _thread.submit(_folding.add, change, actor is not None and actor.role is Role.ADMIN)


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
    """Append a line; the file is rotated when it is large."""
    path = changes_file(is_admin)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE), "ab") as file:
            file.write(json.dumps(change, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            is_full = file.tell() > LARGEST_FILE
            # Another server may have renamed it.
            is_full = is_full and os.path.samestat(os.fstat(file.fileno()), os.stat(path))
        if is_full:
            for target, source in itertools.pairwise(reversed(_generations(path))):
                with suppress(FileNotFoundError):
                    os.replace(source, target)
    except OSError as error:
        logger.error("A change could not be recorded: %s", error)


def record_sign_up(name: str, address: str) -> None:
    """Record an account that was created because a proxy named its user."""
    change = ChangeRecord(at=time.time(), user=name, address=address, method="ADD", path="--auth-header")
    record(change, None, 201)


def record_command(command: str, action: str, about: str) -> None:
    """Append a change that was made by a command on this machine."""
    user = f"{_platform.user_name()} (command line)"
    append(ChangeRecord(at=time.time(), user=user, method=action.upper(), path=command, about=about))


def _generations(path: Path) -> list[Path]:
    return [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, GENERATIONS + 1))]


def read_changes(matches: Callable[[ChangeRecord], bool], limit: int) -> list[ChangeRecord]:
    """Return the last matching changes, newest first."""
    _thread.submit(_folding.flush).result()
    both = heapq.merge(*(_read(changes_file(is_admin)) for is_admin in (False, True)), key=lambda c: -c["at"])
    return list(itertools.islice(filter(matches, both), limit))


def _read(path: Path) -> Iterator[ChangeRecord]:
    for file in _generations(path):
        try:
            lines = file.read_bytes().splitlines()
        except FileNotFoundError:
            continue
        for line in reversed(lines):
            with suppress(ValueError):  # of a crash
                yield json.loads(line)
