"""Record of changes: who changed what, when and from where, as JSON lines in `changes.jsonl`.

    {"at": 1.7e9, "user": "ada", "token": "ci", "address": "192.0.2.1", "method": "POST", "path": "/api/runs/tags",
     "status": 200, "runs": ["…"]}

It has no bodies and no query strings, so that it holds no secrets, and no requests of unknown senders, who could
fill it.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypedDict

from django.http import HttpRequest

from runicorn.settings.user import PRIVATE_FILE, data_directory
from runicorn_site.security.access.actor import Actor, actor_of
from runicorn_site.security.access.routes import SAFE, rule_of
from runicorn_site.security.guard import Receive, Scope, Send, head_of
from runicorn_site.security.request_rules import Head

FILE = "changes.jsonl"
LARGEST_FILE = 20_000_000
MOST_RUNS = 100
LONGEST_PATH = 500
KEY = "runicorn.change"
"""Key of a scope: the fields of its change that are known so far."""
logger = logging.getLogger(__name__)
_thread = ThreadPoolExecutor(1, thread_name_prefix="changes")


class Change(TypedDict, total=False):
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


def changes_file() -> Path:
    """Return the file; the one before it ends in `.1`."""
    return data_directory() / FILE


class Recorder:
    """ASGI middleware around the guard that records requests which may change something, refused ones too."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, and record the request once its response begins."""
        peer = scope.get("client")
        change = change_of(head_of(scope), str(peer[0]) if peer else "")
        if scope["type"] != "http" or change is None:
            await self.app(scope, receive, send)
            return
        scope[KEY] = change

        async def send_and_record(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                record(change, actor_of(scope), message["status"])
            await send(message)

        await self.app(scope, receive, send_and_record)


def change_of(head: Head, address: str) -> Change | None:
    """Return what is known of a request before it is answered; None if it is not recorded.

    Args:
        head: of the request.
        address: of the client.
    """
    rule = rule_of(head.method, head.path)
    if head.method in SAFE or (rule is not None and not rule.is_recorded):
        return None
    path = rule.path if rule is not None and "{secret}" in rule.path else head.path[:LONGEST_PATH]
    return Change(at=time.time(), address=address, method=head.method, path=path)


def record(change: Change, actor: Actor | None, status: int) -> None:
    """Append a request on another thread, unless its sender is unknown."""
    change["status"] = status
    change.setdefault("user", actor.name if actor else "")
    if actor is not None and actor.token:
        change["token"] = actor.token
    if change["user"] or "token" in change:
        _thread.submit(append, change)


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


def append(change: Change) -> None:
    """Append a line; the file is rotated when it is large."""
    path = changes_file()
    try:
        with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE), "ab") as file:
            file.write(json.dumps(change, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            is_full = file.tell() > LARGEST_FILE
            # Another server may have renamed it.
            is_full = is_full and os.path.samestat(os.fstat(file.fileno()), os.stat(path))
        if is_full:
            os.replace(path, path.with_name(f"{FILE}.1"))
    except OSError as error:
        logger.error("A change could not be recorded: %s", error)


def read_changes(matches: Callable[[Change], bool], limit: int) -> list[Change]:
    """Return the last matching changes, newest first."""
    path, found = changes_file(), []
    for file in (path, path.with_name(f"{FILE}.1")):
        try:
            lines = file.read_bytes().splitlines()
        except FileNotFoundError:
            continue
        for line in reversed(lines):
            try:
                change: Change = json.loads(line)
            except ValueError:  # of a crash
                continue
            if matches(change):
                found.append(change)
                if len(found) == limit:
                    return found
    return found
