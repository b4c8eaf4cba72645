"""SIGTERM: end the runs first, then continue with the previous handler."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from runicorn import _platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Handler:
    """End the runs, then call the previous handler of the signal."""

    def __init__(self, end_runs: Callable[[], None], before: Any) -> None:
        self.end_runs = end_runs
        self.before = before
        _platform.watch_forks(self)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.end_runs()
        if callable(self.before):
            self.before(number, frame)
        else:
            # Raised again instead of exiting: the parent process sees the signal.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def after_fork(self) -> None:
        """Restore the signals in a forked child, which has no runs to end."""
        uninstall()


def install(end_runs: Callable[[], None]) -> None:
    """Call `end_runs` at SIGTERM. Does nothing off the main thread, or if the signal is ignored."""
    if threading.current_thread() is not threading.main_thread():
        return
    before = signal.getsignal(signal.SIGTERM)
    # None: a handler that was not set from Python, and can be neither called nor restored.
    if before in (None, signal.SIG_IGN) or isinstance(before, _Handler):
        return
    signal.signal(signal.SIGTERM, _Handler(end_runs, before))


def uninstall() -> None:
    """Restore the previous handler, unless another one has been set since."""
    handler = signal.getsignal(signal.SIGTERM)
    if isinstance(handler, _Handler):
        with suppress(ValueError):  # off the main thread handlers cannot be changed
            signal.signal(signal.SIGTERM, handler.before)
