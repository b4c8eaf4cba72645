"""Write `status.json`: the state of a run, its times, and the counts of its records."""

from __future__ import annotations

import os
import time

from runicorn.store import layout
from runicorn.store.journal.durability import SYNC_THREAD
from runicorn.store.run_folder import RunFolder
from runicorn.store.state.reasons import fields
from runicorn.store.state.scheduler import job_of
from runicorn.store.state.transitions import NEW, Event, Observation, follow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class StatusFile:
    """The `status.json` of one run.

    Attributes:
        started_at: Unix seconds.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.started_at = self._wall = time.time()
        self._boot = _boot_time()
        self._folder = folder
        self._has_ended = False

    def begin(self) -> None:
        """Write the status of a running run, and sync its files from now on."""
        self._write(Observation(Event.BEGUN))
        self._folder.report = self._report
        SYNC_THREAD.add(self._folder)

    def resume(self) -> None:
        """Keep the start time and the checksums of an earlier part of the run."""
        status = self._folder.read(layout.STATUS)
        self._folder.continue_checksums(status)
        started = status.get("started_at")
        if isinstance(started, (int, float)):
            self.started_at = float(started)

    def leave(self) -> None:
        """Stop writing, while another process writes the run."""
        SYNC_THREAD.remove(self._folder)
        self._folder.settle()
        self._has_ended = True

    def end(self, status: str, reason: str | None) -> None:
        """Write the final status once all other files are on disk."""
        SYNC_THREAD.remove(self._folder)
        self._folder.settle()
        with self._folder.lock:
            self._has_ended = True
            # Not the time of day, which may have been set meanwhile: a run would end before it began.
            now = self._wall + _boot_time() - self._boot
            end = Observation(Event.ENDED, status, reason, at=now, job=job_of(os.environ))
            self._write(end, ended_at=now, **self._folder.final_counts())

    def _report(self) -> None:
        """Write, while the run is running, that records are missing."""
        with self._folder.lock:
            if not self._has_ended:
                self._write(Observation(Event.BEGUN), **self._folder.counts())

    def _write(self, observation: Observation, **about: Any) -> None:
        if change := follow(NEW, observation):
            about |= {"started_at": self.started_at, **fields(change)}
            self._folder.write(layout.STATUS, about, in_place=True)


def _boot_time() -> float:
    """Return seconds of a clock that is never set and, if the system has such a one, counts while it sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
