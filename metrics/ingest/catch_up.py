"""Ingest journals on request and in the background."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypedDict
from weakref import WeakValueDictionary

from django.db.models import Sum

from metrics.ingest.intake import UnreadableJournal, ingest
from metrics.ingest.schedule import Rounds, behind
from metrics.models import Journal
from runicorn.store import layout
from runs.models import Run, StorageRoot

logger = logging.getLogger(__name__)


class _Turn:
    """A lock that can be referenced weakly."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_turns: WeakValueDictionary[int, _Turn] = WeakValueDictionary()
_turns_lock = threading.Lock()
_rounds: dict[tuple[int, str], Rounds] = {}
"""By key and path of the root: a new index may give the key to another root."""


def catch_up(run: Run, wait: float = 2.0) -> int:
    """Ingest the new lines of a run's journal, for at most about `wait` seconds.

    Returns:
        Bytes still to be ingested; 0 when everything is stored, or the journal cannot be read.

    Raises:
        runs.errors.OutsideRoot: the run's folder is a link that leads out of the root.
    """
    deadline = time.monotonic() + wait
    with _turn(run.pk, wait) as ours:
        if ours:
            try:
                return ingest(run, deadline)
            except (
                UnreadableJournal
            ) as error:  # stored points are still shown; the background scan logs a warning
                logger.debug("%s", error)
                return error.behind
    journal = Journal.objects.filter(run=run).first()
    return max(0, journal.size - journal.offset) if journal else 0


def catch_up_several(runs: Sequence[Run], wait: float = 2.0) -> int:
    """Ingest the journals that have grown, for at most about `wait` seconds in total.

    Returns:
        Bytes still to be ingested.
    """
    deadline = time.monotonic() + wait
    journals = {journal.run_id: journal for journal in Journal.objects.filter(run__in=runs)}
    pending = 0
    for run in runs:
        journal = journals.get(run.pk)
        try:
            stat = os.stat(run.path / layout.EVENTS, follow_symlinks=False)
        except OSError:
            continue
        if journal and (journal.offset, journal.inode) == (stat.st_size, f"{stat.st_dev}:{stat.st_ino}"):
            continue
        remaining = deadline - time.monotonic()
        ingested = journal.offset if journal else 0
        pending += catch_up(run, remaining) if remaining > 0 else max(0, stat.st_size - ingested)
    return pending


def catch_up_all(root: StorageRoot, stop: threading.Event | None = None) -> float:
    """Ingest the running runs of a root, then the others for half a second; return when the next round is due.

    Called repeatedly by one thread. `stop` ends it within a fraction of a second. The result is in seconds; a change of a
    row or a file comes earlier.
    """
    rounds = _rounds.setdefault((root.pk, root.path), Rounds(root, _ingest_in_turn))
    rounds.go(stop or threading.Event())
    return rounds.seconds_until_next()


def forget(root: StorageRoot) -> None:
    """Make the next round over a root start from scratch."""
    _rounds.pop((root.pk, root.path), None)


class Backlog(TypedDict):
    """Runs with journal bytes that are not ingested, those bytes, and the bytes of all journals."""

    runs: int
    bytes: int
    total_bytes: int


def backlog(root: StorageRoot) -> Backlog:
    sizes = list(behind(root).values_list("journal__size", "journal__offset"))
    all_of_root = Journal.objects.filter(run__root=root, run__deleted=None)
    total = all_of_root.aggregate(total=Sum("size"))["total"] if sizes else 0
    return {"runs": len(sizes), "bytes": sum(size - offset for size, offset in sizes), "total_bytes": total}


@contextmanager
def _turn(run: int, wait: float) -> Iterator[bool]:
    """Acquire the lock of a run within this process; yield False after a timeout."""
    with _turns_lock:
        turn = _turns.setdefault(run, _Turn())
    ours = turn.lock.acquire(timeout=max(0.0, wait))
    try:
        yield ours
    finally:
        if ours:
            turn.lock.release()


def _ingest_in_turn(run: Run, seconds: float, stop: threading.Event) -> Any:
    with _turn(run.pk, seconds) as ours:
        return ingest(run, time.monotonic() + seconds, stop.is_set) if ours else None
