"""Keeping the rows of metrics up to date with the journals of runs."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary

from django.db.models import Sum

from metrics.ingest.intake import Unreadable, take_in
from metrics.ingest.schedule import Rounds, behind
from metrics.models import Journal
from runicorn.store import layout
from runs.models import Run, StorageRoot

logger = logging.getLogger(__name__)


class _Turn:
    """A lock that a dictionary can let go of."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_turns: WeakValueDictionary[int, _Turn] = WeakValueDictionary()
_turns_lock = threading.Lock()
_rounds: dict[int, Rounds] = {}


def catch_up(run: Run, wait: float = 2.0) -> int:
    """Take in what is new in a run's journal, for at most about `wait` seconds.

    Returns:
        Bytes that are still to be taken in; 0 when all that was logged is stored. Of a journal that cannot be read
        now they may not be known.

    Raises:
        runs.errors.OutsideRoot: the run's folder is a link that leads out of the root.
    """
    deadline = time.monotonic() + wait
    with _turn(run.pk, wait) as ours:
        if ours:
            try:
                return take_in(run, deadline)
            except Unreadable as error:  # what is stored is shown; the rounds warn of it
                logger.debug("%s", error)
                return error.behind
    journal = Journal.objects.filter(run=run).first()
    return max(0, journal.size - journal.offset) if journal else 0


def catch_up_several(runs: Sequence[Run], wait: float = 2.0) -> int:
    """The same for many runs, for together at most about `wait` seconds; only those are taken in that have grown.

    Returns:
        Bytes that are still to be taken in of all of them.
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
        left = deadline - time.monotonic()
        done = journal.offset if journal else 0
        pending += catch_up(run, left) if left > 0 else max(0, stat.st_size - done)
    return pending


def catch_up_all(root: StorageRoot, stop: threading.Event | None = None) -> None:
    """One round over a root: running runs, then for half a second what else there is to take in.

    To be called again and again, by one thread. `stop` ends it within a fraction of a second.
    """
    rounds = _rounds.setdefault(root.pk, Rounds(root, _take_turn))
    rounds.go(stop or threading.Event())


def forget(root: StorageRoot) -> None:
    """Have the next round over a root begin from nothing."""
    _rounds.pop(root.pk, None)


def backlog(root: StorageRoot) -> dict[str, int]:
    """What the background still has to take in of a root: `runs`, their `bytes`, and the `total_bytes` of all."""
    sizes = list(behind(root).values_list("journal__size", "journal__offset"))
    all_of_root = Journal.objects.filter(run__root=root, run__deleted=None)
    total = all_of_root.aggregate(total=Sum("size"))["total"] if sizes else 0
    return {"runs": len(sizes), "bytes": sum(size - offset for size, offset in sizes), "total_bytes": total}


@contextmanager
def _turn(run: int, wait: float) -> Iterator[bool]:
    """One thread of this process at a time takes a run in; False when the wait was in vain."""
    with _turns_lock:
        turn = _turns.setdefault(run, _Turn())
    ours = turn.lock.acquire(timeout=max(0.0, wait))
    try:
        yield ours
    finally:
        if ours:
            turn.lock.release()


def _take_turn(run: Run, seconds: float, stop: threading.Event) -> Any:
    with _turn(run.pk, seconds) as ours:
        return take_in(run, time.monotonic() + seconds, stop.is_set) if ours else None
