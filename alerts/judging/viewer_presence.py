"""Times at which viewers watched a storage root."""

from __future__ import annotations

import time
from dataclasses import dataclass

from alerts.models import AlertWatch
from runicorn.store import layout
from runs.models import Run, StorageRoot

ALIVE_SECONDS = 10.0
GAP_SECONDS = 60.0
"""Silence of all viewers after which they were off."""
FRESH_SECONDS = 600.0
"""A run that ended longer ago, and is new here, was imported."""

_last_check: dict[str, float] = {}
"""When each root was asked about last in this process, by a clock that is never set."""


@dataclass(frozen=True, slots=True)
class ViewerPresence:
    """Times in Unix seconds.

    Attributes:
        since: what happened earlier is from before this database.
        off_from, off_until: the last time without a viewer.
        root: path of the storage root.
    """

    since: float
    off_from: float
    off_until: float
    root: str = ""

    def was_off(self, at: float) -> bool:
        """Return whether no viewer was running then."""
        return self.off_from < at < self.off_until

    def is_current(self, run: Run | None, at: float) -> bool:
        """Return whether a message should tell what happened: not for runs that were imported after their end."""
        if at < self.since:
            return False
        if run is None or run.status == layout.RUNNING:
            return True
        ended = run.ended or run.updated
        was_off = self.off_from - GAP_SECONDS <= ended <= self.off_until + GAP_SECONDS
        return was_off or ended >= time.time() - FRESH_SECONDS


def viewer_presence(root: StorageRoot, *, refresh: bool = False) -> ViewerPresence:
    """Return the times of a root; the first call after a gap records it, and `refresh` says that we are alive."""
    now, clock = time.time(), time.monotonic()
    # A gap that the other clock has not seen is one of the wall clock alone.
    was_here = clock - _last_check.get(root.path, -GAP_SECONDS) < GAP_SECONDS
    _last_check[root.path] = clock
    # The first to ask may have an event of a moment ago in hand.
    new = {"since": now - GAP_SECONDS, "alive_at": now}
    row, _ = AlertWatch.objects.get_or_create(root=root, defaults=new)
    same = AlertWatch.objects.filter(pk=row.pk, alive_at=row.alive_at)
    if now - row.alive_at > GAP_SECONDS and not was_here:
        # The condition on `alive_at` lets one of several viewers record the gap.
        same.update(alive_at=now, off_from=row.alive_at, off_until=now)
        row.refresh_from_db()
    elif now < row.alive_at or (refresh and now - row.alive_at > ALIVE_SECONDS):
        same.update(alive_at=now)
    # The clock was set back: nothing is from before a database of the future.
    since = row.since if row.since <= now else 0.0
    return ViewerPresence(since, row.off_from, row.off_until, root.path)


def entered_at(run: Run) -> float:
    """Return when a run entered its state, by its files and its heartbeat."""
    since = run.evidence.get("since")
    at: float = run.ended or (since if isinstance(since, float | int) else run.updated)
    return at
