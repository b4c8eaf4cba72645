"""Daemon thread whose end is bounded in time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

JOIN_SECONDS = 1.0
"""Seconds that a thread has to end after it was stopped."""


class BackgroundThread:
    """A thread that runs until its work is done or `stop` is called. It does not exist in forked children.

    Attributes:
        stopped: set to request the end of the work.
        cancel: set by the work; interrupts the call that it is blocked in.
    """

    def __init__(self, name: str, work: Callable[[BackgroundThread], None]) -> None:
        self.stopped = threading.Event()
        self.cancel: Callable[[], None] | None = None
        self._thread = threading.Thread(target=work, args=(self,), name=f"runicorn-{name}", daemon=True)

    def start(self) -> None:
        """Start the thread; returns at once."""
        with suppress(RuntimeError):  # no more threads: the process is at its limit, or ends
            self._thread.start()

    def stop(self, patience: float = 0.0) -> None:
        """Wait up to `patience` seconds for the work to finish, then stop it."""
        if self._thread.ident is None:
            return
        if patience:
            self._thread.join(patience)
        self.stopped.set()
        if self.cancel is not None:
            self.cancel()
        self._thread.join(JOIN_SECONDS)
