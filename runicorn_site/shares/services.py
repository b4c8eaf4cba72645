"""Create, list and revoke shared links of the storage root in use."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from rest_framework.exceptions import ValidationError

from runicorn.api.responses.shares import Kind
from runicorn_site.shares import records
from runicorn_site.shares.access import DEFAULT_BOARD, is_there
from runicorn_site.shares.errors import ShareNotFound, SharesUnavailable
from runicorn_site.shares.records import Share
from runs.active_root import active_root
from runs.models import Run
from runs.services.lookup import get_run
from runs.services.selection import select_runs

MOST_RUNS = 100
Value = TypeVar("Value")


def create(kind: Kind, target: str, expires_at: float | None = None) -> Share:
    """Create a link.

    Raises:
        ValidationError: the target is malformed or does not exist, or the expiry is in the past.
        RunNotFound, InvalidRunId: of a run.
        SharesUnavailable: the file of the links cannot be read or written.
    """
    if expires_at is not None and expires_at <= time.time():
        raise ValidationError({"expires_at": ["This time is in the past"]})
    root = active_root().path
    normalized = TARGETS[kind](target)
    if not is_there(Share("", kind, normalized, root, 0.0)):
        raise ValidationError({"target": ["This board does not exist"]})
    return _stored(lambda: records.add(kind, normalized, root, expires_at))


def current() -> list[Share]:
    """Return the links of the storage root in use that have not expired, newest first.

    Raises:
        SharesUnavailable: the file of the links cannot be read.
    """
    root, now = active_root().path, time.time()
    found = [share for share in _stored(records.read) if share.root == root and not share.is_expired(now)]
    return found[::-1]


def revoke(share_id: str) -> None:
    """Revoke a link at once; its open pages are disconnected.

    Raises:
        ShareNotFound: there is no such link.
        SharesUnavailable: the file of the links cannot be read or written.
    """
    if not _stored(lambda: records.revoke(share_id)):
        raise ShareNotFound(share_id)


def _stored(action: Callable[[], Value]) -> Value:
    try:
        return action()
    except (records.UnreadableShares, OSError) as error:
        raise SharesUnavailable(error) from error


def _run(target: str) -> str:
    return get_run(target).run_id


def _runs(target: str) -> str:
    run_ids = list(dict.fromkeys(part.strip() for part in target.split(",") if part.strip()))
    if not 0 < len(run_ids) <= MOST_RUNS:
        raise ValidationError({"target": [f"Must be 1 to {MOST_RUNS} run ids separated by commas"]})
    if missing := select_runs(active_root(), run_ids).missing:
        raise ValidationError({"target": [f"Not in this store: {', '.join(missing)}"]})
    return ",".join(run_ids)


def _board(target: str) -> str:
    project, separator, name = target.partition("/")
    if not separator:
        raise ValidationError({"target": ["Must be `project/board`"]})
    if not Run.objects.in_root(active_root()).filter(project=project).exists():
        raise ValidationError({"target": ["This project does not exist"]})
    return f"{project}/{name or DEFAULT_BOARD}"


TARGETS: dict[Kind, Callable[[str], str]] = {"run": _run, "compare": _runs, "board": _board}
