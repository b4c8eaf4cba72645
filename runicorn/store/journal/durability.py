"""Sync of the files of open runs to disk every few seconds, by one thread of the process.

Records survive the end of the process once `log()` returned; they survive a power cut once they are synced.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from runicorn import _platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runicorn.store.run_folder import RunFolder

INTERVAL = 3.0
"""Seconds between two syncs: at most this much is lost in a power cut."""


class SyncThread:
    """Daemon thread that calls `sync` on all open runs; it exists while there are any.

    A forked child has none: its writes to its parent's run are synced by the parent.
    """

    def __init__(self) -> None:
        self._targets: list[RunFolder] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        _platform.watch_forks(self)

    def add(self, target: RunFolder) -> None:
        """Sync `target` from now on. If no thread can be started, it is synced only at its end."""
        with self._changed:
            self._targets.append(target)
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="runicorn-sync", daemon=True)
                with suppress(RuntimeError):
                    thread.start()
                    self._thread = thread

    def remove(self, target: RunFolder) -> None:
        """Stop syncing `target`, without waiting for a sync in progress."""
        with self._changed:
            if target in self._targets:
                self._targets.remove(target)
            self._changed.notify()

    def after_fork(self) -> None:
        """Forget the runs of the parent, whose thread does not exist in the child."""
        self._targets, self._thread, self._changed = [], None, threading.Condition()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._targets:
                    self._thread = None
                    return
                self._changed.wait(INTERVAL)
                targets = list(self._targets)
            for target in targets:
                target.sync()


SYNC_THREAD = SyncThread()
