"""SIGTERM: the runs are ended first, then happens what would have happened without us."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from runicorn import _platform


class _Handler:
    """Ends the runs, then hands on to whatever handled the signal before it."""

    def __init__(self, end_runs: Callable[[], None], before: Any) -> None:
        self.end_runs = end_runs
        self.before = before
        _platform.watch_forks(self)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.end_runs()
        if callable(self.before):
            self.before(number, frame)
        else:
            # Raised again and not turned into an exit: the parent process sees the signal.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def after_fork(self) -> None:
        """A child has no run to end, and must die of the signal as at once as it would without us."""
        release()


def take(end_runs: Callable[[], None]) -> None:
    """Have `end_runs` called at SIGTERM. Does nothing off the main thread, or where the signal is ignored."""
    if threading.current_thread() is not threading.main_thread():
        return
    before = signal.getsignal(signal.SIGTERM)
    # None: a handler that was not set from Python, and cannot be called or put back.
    if before in (None, signal.SIG_IGN) or isinstance(before, _Handler):
        return
    signal.signal(signal.SIGTERM, _Handler(end_runs, before))


def release() -> None:
    """Put the handler back that was there before ours, unless another one has been set since."""
    handler = signal.getsignal(signal.SIGTERM)
    if isinstance(handler, _Handler):
        with suppress(ValueError):  # off the main thread handlers cannot be changed
            signal.signal(signal.SIGTERM, handler.before)
