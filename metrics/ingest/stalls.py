"""Detection of stalled runs, by a timer."""

from __future__ import annotations

import os

from django.db.models import F, Q

from metrics.models import Series
from metrics.store.lanes import Lane
from runicorn import _platform
from runicorn.api.responses.runs import Evidence
from runicorn.store import layout
from runicorn.store.state import LONGEST_TEXT, State
from runicorn.store.state.transitions import STALL_SECONDS, Event, Observation, is_idle
from runs.errors import OutsideRoot
from runs.models import Run, StorageRoot
from runs.services import states
from runs.store.sanitize import clean_text

TAIL_BYTES = 4096


class Stalls:
    """The stalled runs of one storage root.

    The times of steps are those of the training's clock, which may differ from this one: unless a step was recent by
    both clocks, a run is observed here for `STALL_SECONDS` before it is judged.
    """

    def __init__(self, root: StorageRoot) -> None:
        self._root = root
        self._observed: dict[int, tuple[int, float]] = {}
        """Steps of runs that may be stalled, and since when their number is the same."""
        self._judged_at: float | None = None

    def forget(self) -> None:
        """Start observing all runs again, because the clock was set."""
        self._observed.clear()
        self._judged_at = None

    def judge(self, now: float) -> None:
        """Find the runs that have stalled, and those that continue; `now` is in Unix seconds."""
        candidates = self._candidates(now)
        self._observed = {pk: entry for pk, entry in self._observed.items() if pk in candidates}
        for pk, series in candidates.items():
            run = series.run
            run.root = self._root
            last, first = series.last_time or 0.0, series.first_time or 0.0
            usual, since = (last - first) / (series.count - 1), self._same_since(pk, series.count, last, now)
            if run.state == State.STALLED:
                if last != run.evidence.get("since"):
                    states.apply(run, Observation(Event.STEP))
            elif is_idle(now, last, usual, since):
                evidence = Evidence(since=last, interval=usual)
                if line := last_line(run):
                    evidence["last_line"] = line
                states.apply(run, Observation(Event.IDLE, evidence=evidence))
        self._judged_at = now

    def _same_since(self, pk: int, count: int, last: float, now: float) -> float:
        """Return since when the number of steps is known to be the same."""
        was_recent = self._judged_at is not None and last >= self._judged_at - STALL_SECONDS
        previous, since = self._observed.get(pk, (count, last if was_recent else now))
        self._observed[pk] = (count, since if previous == count else now)
        return self._observed[pk][1]

    def _candidates(self, now: float) -> dict[int, Series]:
        """Return the steps of the runs that may have stalled or continued, by the key of the run."""
        silent = Q(run__state=State.RUNNING, last_time__lt=now - STALL_SECONDS)
        rows = Series.objects.filter(
            silent | Q(run__state=State.STALLED),
            run__root=self._root,
            run__deleted=None,
            run__status=layout.RUNNING,
            generation=F("run__journal__generation"),
            lane=Lane.ROWS,
            name="",
            count__gt=1,
            first_time__isnull=False,
            last_time__isnull=False,
        )
        fields = ("count", "first_time", "last_time", "run__folder", "run__state", "run__evidence")
        return {series.run_id: series for series in rows.select_related("run").only(*fields)}


def last_line(run: Run) -> str:
    """Return the last line of a run's log that is not blank; "" without one."""
    try:
        fd = _platform.open_regular(run.path / layout.LOGS, follow_links=False)
    except (OSError, OutsideRoot):
        return ""
    try:
        size = os.fstat(fd).st_size
        tail = _platform.read_at(fd, TAIL_BYTES, max(0, size - TAIL_BYTES)).decode("utf-8", "replace")
    finally:
        os.close(fd)
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    return clean_text(lines[-1], LONGEST_TEXT) if lines else ""
