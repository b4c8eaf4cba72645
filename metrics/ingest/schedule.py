"""Background schedule of a storage root: which journals are ingested, and when."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from itertools import islice

from django.db.models import F, QuerySet

from metrics.ingest import summaries
from metrics.ingest.intake import UnreadableJournal, purge
from metrics.models import Journal, Series
from runicorn.store import layout
from runs.errors import OutsideRoot
from runs.index import bulk, discovery
from runs.models import Run, RunQuerySet, StorageRoot

logger = logging.getLogger(__name__)

SHARE = 10
"""Pause after ingesting a run, as a multiple of the time it took: with thousands of series the work uses at most a
tenth of a core."""
SLICE_SECONDS = 0.5
"""Seconds for which the backlog may delay running runs."""
NEW_RUNS_SECONDS = 2.0
"""Interval between checks of the journals of new runs. Every journal is checked about once a minute, since a run that has
ended may still grow."""
ROUND_SECONDS = 1.0
"""Interval between the looks at the journals of running runs."""
BATCH = 500

Look = tuple[int, int, int]
Ingest = Callable[[Run, float, threading.Event], int | None]
"""Ingest a run for some seconds; return the bytes left, or None if it is locked. Raises `UnreadableJournal`."""

Sizes = dict[int, tuple[int, int]]
"""Key and recorded size of the journal of each run."""

CheckedRun = tuple[int, str, str, int | None]
_CHECKED = ("pk", "folder", "status", "summarized_bytes")
_FIELDS = (
    *("run_id", "folder", "root", "project", "status", "created"),
    *("best_metric_name", "best_metric_mode", "metric_rules"),
)


def behind(root: StorageRoot) -> QuerySet[Run]:
    live = Run.objects.filter(root=root, deleted=None)
    of_any_root = Journal.objects.filter(size__gt=F("offset")).values_list("run_id", flat=True)
    # Usually none or few: a query by id avoids a walk over all runs, which is right for many.
    few = list(of_any_root[: BATCH + 1])
    if len(few) <= BATCH:
        return live.filter(pk__in=few)
    return live.filter(journal__size__gt=F("journal__offset"))


class Rounds:
    """Rounds over one root. Only one thread uses an instance."""

    def __init__(self, root: StorageRoot, ingest: Ingest) -> None:
        self._root, self._ingest = root, ingest
        self._due: dict[int, float] = {}
        self._looks: dict[int, Look] = {}
        """State of the journals of running runs when they were last ingested completely."""
        self._running: set[int] = set()
        self._unreadable: set[int] = set()
        """Runs whose journals could not be read since the last sweep. Each attempt may take many seconds of waiting for a
        server, which would delay all other runs."""
        self._next_sweep: float | None = None
        self._swept = 0.0
        self._newest = self._newest_of_all = 0
        """The newest run of the last sweep, and that of the last one over all runs."""
        self._has_backlog = self._has_new_runs = False

    def seconds_until_next(self) -> float:
        """Return when the next round has something to do, unless rows or files change before."""
        if self._has_backlog:
            return 0.0
        if self._running or self._next_sweep is None or self._has_new_runs:
            return ROUND_SECONDS
        return max(0.0, self._next_sweep - time.monotonic())

    def go(self, stop: threading.Event) -> None:
        self._has_backlog = True  # if this round is not ended
        for run in self._live():
            if stop.is_set():
                return
            self._follow(run, stop)
        if self._next_sweep is None:
            self._purge()
        self._sweep_if_due(stop)
        self._note_grown()
        deadline = time.monotonic() + SLICE_SECONDS
        # Fetched first: an open cursor keeps an old snapshot, from which SQLite rejects writes.
        for run in list(behind(self._root).only(*_FIELDS).order_by("-created", "-pk")[:BATCH]):
            if stop.is_set() or time.monotonic() > deadline:
                return
            self._work_off(run, deadline, stop)
        self._has_backlog = False

    def _runs(self) -> RunQuerySet:
        return Run.objects.filter(root=self._root, deleted=None).only(*_FIELDS)

    def _live(self) -> list[Run]:
        """Return running runs, and those that ran a round ago: their last lines may have arrived since."""
        running = list(self._runs().filter(status=layout.RUNNING))
        ended = self._running - {run.pk for run in running}
        self._running = {run.pk for run in running}
        for schedule in (self._due, self._looks):
            for pk in schedule.keys() - self._running - ended:
                del schedule[pk]
        return running + list(self._runs().filter(pk__in=ended)) if ended else running

    def _follow(self, run: Run, stop: threading.Event) -> None:
        if time.monotonic() < self._due.get(run.pk, 0.0) and run.pk in self._running:
            return
        look = self._look(run.folder)
        if look is None or look == self._looks.get(run.pk):
            return
        started = time.thread_time()
        if self._ingest_left(run, SLICE_SECONDS, stop) == 0:
            # Only if little is left: a long backlog must not take ten times as long.
            self._looks[run.pk] = look
            self._due[run.pk] = time.monotonic() + SHARE * (time.thread_time() - started)

    def _look(self, folder: str) -> Look | None:
        try:
            stat = os.stat(os.path.join(self._root.path, folder, layout.EVENTS), follow_symlinks=False)
        except OSError:
            return None
        return stat.st_size, stat.st_mtime_ns, stat.st_ino

    def _work_off(self, run: Run, deadline: float, stop: threading.Event) -> None:
        remaining = self._ingest_left(run, deadline - time.monotonic(), stop)
        if remaining == 0:
            # Unreadable journals too: they are retried after the next sweep.
            Journal.objects.filter(run=run, size__gt=F("offset")).update(size=F("offset"))

    def _ingest_left(self, run: Run, seconds: float, stop: threading.Event) -> int | None:
        """Ingest a run; return the bytes left, 0 for an unreadable one that is not retried before the next sweep."""
        if run.pk in self._unreadable:
            return 0
        run.root = self._root
        try:
            return self._ingest(run, seconds, stop)
        except OutsideRoot:
            return 0
        except UnreadableJournal as error:
            logger.warning("%s", error)
            self._unreadable.add(run.pk)
            return 0

    def _sweep_if_due(self, stop: threading.Event) -> None:
        now = time.monotonic()
        if self._next_sweep is None or now >= self._next_sweep:
            self._newest = self._newest_of_all = self._newest_run()
            self._unreadable.clear()
            if self._sweep(self._runs(), Journal.objects.filter(run__root=self._root), stop):
                took, watched = time.monotonic() - now, discovery.is_watched(self._root)
                self._next_sweep = now + discovery.seconds_until_next_scan(took, watched=watched)
        elif self._newest < (newest := self._newest_run()):
            self._has_new_runs = now - self._swept < NEW_RUNS_SECONDS
            if self._has_new_runs:
                return
            # A journal may appear later than its run: only the kernel would tell.
            after = self._newest if discovery.is_watched(self._root) else self._newest_of_all
            self._newest = newest
            journals = Journal.objects.filter(run__root=self._root, run__gt=after)
            self._sweep(self._runs().filter(pk__gt=after), journals, stop)

    def _note_grown(self) -> None:
        """Record the sizes of journals that the kernel reported as written: runs that have ended may still grow."""
        folders = list(discovery.grown_journals(self._root))
        for start in range(0, len(folders), BATCH):
            runs = self._runs().in_folders(folders[start : start + BATCH])
            self._record_sizes(
                list(runs.values_list(*_CHECKED)), _sizes(Journal.objects.filter(run__in=runs))
            )

    def _newest_run(self) -> int:
        return self._runs().order_by("-pk").values_list("pk", flat=True).first() or 0

    def _purge(self) -> None:
        """Delete, once, the data of replaced journals whose process was killed before it could."""
        outdated = Series.objects.filter(run__root=self._root, generation__lt=F("run__journal__generation"))
        for run_id, generation in set(outdated.values_list("run_id", "run__journal__generation")):
            purge(run_id, generation)

    def _sweep(self, runs: QuerySet[Run], journals: QuerySet[Journal], stop: threading.Event) -> bool:
        """Record the sizes of journals, so that the backlog can be queried and counted; return False if stopped."""
        journals_by_run = _sizes(journals)
        rows = iter(list(runs.values_list(*_CHECKED)))
        with bulk.large_cache():
            while some := list(islice(rows, BATCH)):
                if stop.is_set():
                    return False
                self._record_sizes(some, journals_by_run)
        self._swept = time.monotonic()
        return True

    def _record_sizes(self, runs: list[CheckedRun], journals: Sizes) -> None:
        """Record the sizes of journals that differ; small ones of ended runs are summarized instead."""
        fresh: dict[int, int] = {}
        small, grown = [], []
        for run, folder, status, summarized in runs:
            look = self._look(folder)
            if look is None:
                continue
            if run in journals:
                if journals[run][1] != look[0]:
                    grown.append(Journal(pk=journals[run][0], size=look[0]))
            elif look[0] != summarized:
                fresh[run] = look[0]
                if summarized is None and look[0] <= summaries.SMALL_BYTES and status != layout.RUNNING:
                    small.append(run)
        for run in summaries.summarize(self._root, small):
            del fresh[run]
        Journal.objects.bulk_create(
            [Journal(run_id=run, size=size) for run, size in fresh.items()], ignore_conflicts=True
        )
        Journal.objects.bulk_update(grown, ["size"])


def _sizes(journals: QuerySet[Journal]) -> Sizes:
    return {run: (pk, size) for run, pk, size in journals.values_list("run_id", "pk", "size")}
