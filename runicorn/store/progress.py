"""Progress bar of long file operations, drawn by rich; shown only at a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

DELAY = 2.0
"""Seconds before the bar appears."""
WIDE = 60
"""Columns of a terminal from which on speed and remaining time are shown."""
INTERVAL = 0.2
"""Seconds between two drawings."""


class Progress:
    """Receiver of the progress of a file operation, in bytes. This base class shows nothing."""

    def advance(self, count: int) -> None:
        """Add `count` bytes to those done."""

    def extend(self, count: int) -> None:
        """Add `count` bytes to the total."""

    def close(self) -> None:
        """Finish."""


NO_PROGRESS = Progress()


class Bar(Progress):
    """One line on stderr: share, bytes, rate and remaining time.

    Args:
        total: its bytes.
    """

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total, self._done = title, total, 0
        self._next_drawing = time.monotonic() + DELAY
        self._bar: RichProgress | None = None

    def advance(self, count: int) -> None:
        self._done += count
        if time.monotonic() < self._next_drawing:
            return
        self._next_drawing = time.monotonic() + INTERVAL
        # The terminal may be gone, and rich is no dependency of training.
        with suppress(OSError, ValueError, ImportError):
            self._bar = self._bar or self._start()
            self._bar.update(
                self._bar.task_ids[0], completed=self._done, total=max(self._total, self._done), refresh=True
            )

    def extend(self, count: int) -> None:
        self._total += count

    def close(self) -> None:
        if self._bar is not None:
            with suppress(OSError, ValueError):
                self._bar.stop()

    def _start(self) -> RichProgress:
        # Imported here: importing rich takes 50 ms, and few operations last long enough.
        from rich import progress
        from rich.console import Console

        console = Console(stderr=True)
        columns: list[str | progress.ProgressColumn] = [
            "[progress.description]{task.description}",
            progress.BarColumn(24),
            progress.TaskProgressColumn(),
            progress.DownloadColumn(),
        ]
        if console.width >= WIDE:
            columns += [progress.TransferSpeedColumn(), progress.TimeRemainingColumn()]
        bar = progress.Progress(
            *columns,
            console=console,
            auto_refresh=False,
            transient=True,
            # A training's own streams stay as they are.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        bar.add_task(self._title, total=self._total)
        bar.start()
        return bar


def show_progress(title: str, total: int) -> Progress:
    """Return a bar at a terminal, else one that is not shown.

    Args:
        total: its bytes.
    """
    try:
        visible = sys.stderr is not None and sys.stderr.isatty()
    except ValueError:
        visible = False
    return Bar(title, total) if visible else NO_PROGRESS
