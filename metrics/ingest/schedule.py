"""The background's rounds over a storage root: whose journal is looked at, and when."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from itertools import islice

from django.db.models import F, QuerySet

from metrics.ingest.intake import UnreadableJournal, purge
from metrics.models import Journal, Series
from runicorn.store import layout
from runs.errors import OutsideRoot
from runs.models import Run, StorageRoot

logger = logging.getLogger(__name__)

SHARE = 10
"""After taking a run in it is left alone for so many times as long: with thousands of series the work takes at
most a tenth of a processor."""
SLICE_SECONDS = 0.5
"""How long the backlog may keep running runs waiting."""
SWEEP_SECONDS = 60.0
"""How often every journal is looked at; a run that says it has ended may still grow."""
NEW_RUNS_SECONDS = 2.0
"""How soon when runs were found that are not known here."""
BATCH = 500

Look = tuple[int, int, int]
Take = Callable[[Run, float, threading.Event], int | None]
"""Ingest a run for some seconds; return the bytes left, or None if it is locked. Raises `UnreadableJournal`."""

_FIELDS = ("run_id", "folder", "root", "status", "created", "best_metric_name", "best_metric_mode")


def behind(root: StorageRoot) -> QuerySet[Run]:
    """Return the runs of a root with a known backlog."""
    live = Run.objects.filter(root=root, deleted=None)
    of_any_root = Journal.objects.filter(size__gt=F("offset")).values_list("run_id", flat=True)
    # Mostly none or few: asking for them by their ids spares a walk over all runs, which is right when it is many.
    few = list(of_any_root[: BATCH + 1])
    if len(few) <= BATCH:
        return live.filter(pk__in=few)
    return live.filter(journal__size__gt=F("journal__offset"))


class Rounds:
    """One root's rounds. They are the only thread that reads or writes what is kept here."""

    def __init__(self, root: StorageRoot, take: Take) -> None:
        self._root, self._take = root, take
        self._due: dict[int, float] = {}
        self._looks: dict[int, Look] = {}
        """How the journals of running runs were when all of them was taken in."""
        self._running: set[int] = set()
        self._unreadable: set[int] = set()
        """Runs whose journals could not be read since the last sweep. To find that out may take a server's silence of
        many seconds, in which everybody else would wait."""
        self._swept = -SWEEP_SECONDS
        self._newest: int | None = None

    def go(self, stop: threading.Event) -> None:
        for run in self._live():
            if stop.is_set():
                return
            self._follow(run, stop)
        if self._swept < 0:
            self._purge()
        if self._is_time_to_sweep():
            self._sweep(stop)
        deadline = time.monotonic() + SLICE_SECONDS
        # Not read while it is gone through: an open cursor is an old snapshot, from which SQLite refuses writes.
        for run in list(behind(self._root).only(*_FIELDS).order_by("-created", "-pk")[:BATCH]):
            if stop.is_set() or time.monotonic() > deadline:
                return
            self._work_off(run, deadline, stop)

    def _runs(self) -> QuerySet[Run]:
        return Run.objects.filter(root=self._root, deleted=None).only(*_FIELDS)

    def _live(self) -> list[Run]:
        """Runs that run, and those that ran a round ago: their last lines may have come in between."""
        running = list(self._runs().filter(status=layout.RUNNING))
        ended = self._running - {run.pk for run in running}
        self._running = {run.pk for run in running}
        for known in (self._due, self._looks):
            for pk in known.keys() - self._running - ended:
                del known[pk]
        return running + list(self._runs().filter(pk__in=ended)) if ended else running

    def _follow(self, run: Run, stop: threading.Event) -> None:
        if time.monotonic() < self._due.get(run.pk, 0.0) and run.pk in self._running:
            return
        look = self._look(run.folder)
        if look is None or look == self._looks.get(run.pk):
            return
        started = time.thread_time()
        if self._taken(run, SLICE_SECONDS, stop) == 0:
            # Only then: a long way that is still to go is not made ten times as long.
            self._looks[run.pk] = look
            self._due[run.pk] = time.monotonic() + SHARE * (time.thread_time() - started)

    def _look(self, folder: str) -> Look | None:
        try:
            stat = os.stat(os.path.join(self._root.path, folder, layout.EVENTS), follow_symlinks=False)
        except OSError:
            return None
        return stat.st_size, stat.st_mtime_ns, stat.st_ino

    def _work_off(self, run: Run, deadline: float, stop: threading.Event) -> None:
        left = self._taken(run, deadline - time.monotonic(), stop)
        if left == 0:
            # Also what cannot be read: it is tried again after the next sweep.
            Journal.objects.filter(run=run, size__gt=F("offset")).update(size=F("offset"))

    def _taken(self, run: Run, seconds: float, stop: threading.Event) -> int | None:
        """What is left of a run; 0 also of one that cannot be read and is not tried again before the next sweep."""
        if run.pk in self._unreadable:
            return 0
        run.root = self._root
        try:
            return self._take(run, seconds, stop)
        except OutsideRoot:
            return 0
        except UnreadableJournal as error:
            logger.warning("%s", error)
            self._unreadable.add(run.pk)
            return 0

    def _is_time_to_sweep(self) -> bool:
        since = time.monotonic() - self._swept
        if since < NEW_RUNS_SECONDS:
            return False
        return since >= SWEEP_SECONDS or self._newest != self._newest_run()

    def _newest_run(self) -> int | None:
        newest = Run.objects.filter(root=self._root).order_by("-pk")
        found: int | None = newest.values_list("pk", flat=True).first()
        return found

    def _purge(self) -> None:
        """Once: what a process left behind that was killed right after a journal had been replaced."""
        left = Series.objects.filter(run__root=self._root, generation__lt=F("run__journal__generation"))
        for run_id, generation in set(left.values_list("run_id", "run__journal__generation")):
            purge(run_id, generation)

    def _sweep(self, stop: threading.Event) -> None:
        """Note the size of every journal, so that what is behind can be found and counted."""
        self._newest = self._newest_run()
        self._unreadable.clear()
        known = {
            run: (pk, size)
            for run, pk, size in Journal.objects.filter(run__root=self._root).values_list(
                "run_id", "pk", "size"
            )
        }
        runs = iter(list(self._runs().values_list("pk", "folder")))
        while some := list(islice(runs, BATCH)):
            if stop.is_set():
                return
            fresh, grown = [], []
            for run, folder in some:
                look = self._look(folder)
                if look is None:
                    continue
                if run not in known:
                    fresh.append(Journal(run_id=run, size=look[0]))
                elif known[run][1] != look[0]:
                    grown.append(Journal(pk=known[run][0], size=look[0]))
            Journal.objects.bulk_create(fresh, ignore_conflicts=True)
            Journal.objects.bulk_update(grown, ["size"])
        self._swept = time.monotonic()
