"""Create, list and revoke shared links of the storage root in use."""

from __future__ import annotations

import time
from collections.abc import Callable

from rest_framework.exceptions import ValidationError

from people.access.actor import Actor, Role
from people.models import Share
from people.shares import records
from people.shares.access import DEFAULT_BOARD, is_there
from people.shares.errors import ShareNotFound
from runicorn.api.responses.shares import Kind
from runs.active_root import active_root
from runs.errors import InvalidRunId
from runs.models import Run
from runs.services.lookup import get_run
from runs.services.selection import select_runs

MOST_RUNS = 100


def create(kind: Kind, target: str, expires_at: float | None, actor: Actor | None) -> Share:
    """Create a link that shows what its author may read.

    Raises:
        ValidationError: the target is malformed or does not exist, or the expiry is in the past.
        RunNotFound: of a run.
    """
    if expires_at is not None and expires_at <= time.time():
        raise ValidationError({"expires_at": ["This time is in the past"]})
    root = active_root().path
    try:
        normalized = TARGETS[kind](target)
    except InvalidRunId as error:
        raise ValidationError({"target": [error.sentence]}) from error
    if not is_there(Share("", kind, normalized, root, 0.0)):
        raise ValidationError({"target": ["This board does not exist"]})
    author, account = (actor.name, actor.account) if actor else ("", None)
    return records.add(kind, normalized, root, expires_at, author, account)


def current(actor: Actor | None) -> list[Share]:
    """Return the links of the storage root in use that an actor may revoke and that have not expired, newest first."""
    root, now = active_root().path, time.time()
    rows = Share.objects.filter(root=root).order_by("-created_at")
    return [share for share in rows if not share.is_expired(now) and _may_revoke(actor, share)]


def _may_revoke(actor: Actor | None, share: Share) -> bool:
    is_own = actor is not None and (actor.name, actor.account) == (share.author, share.account)
    return actor is None or actor.role is Role.ADMIN or is_own


def revoke(share_id: str, actor: Actor | None) -> None:
    """Revoke a link at once; its open pages are disconnected."""
    share = Share.objects.filter(pk=share_id).first()
    if share is None or not _may_revoke(actor, share):
        raise ShareNotFound(share_id)
    share.delete()


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


TARGETS: dict[Kind, Callable[[str], str]] = {"run": _run, "compare": _runs, "board": _board, "report": _run}
