"""A progress bar for what takes longer than one likes to wait without a word; silent where nobody looks."""

from __future__ import annotations

import sys
import time
from typing import Protocol

PATIENCE = 2.0
"""Seconds without a word."""
INTERVAL = 0.2
BAR = 24
UNITS = ("B", "kB", "MB", "GB", "TB")


class Progress(Protocol):
    """What is told while bytes move."""

    def advance(self, count: int) -> None:
        """That many bytes more are done."""

    def close(self) -> None:
        """Nothing more comes."""


class Silent:
    """Says nothing."""

    def advance(self, count: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Bar:
    """One line on stderr, drawn over itself: share, bytes, rate and remaining time.

    Args:
        title: what is being done.
        total: bytes in all.
    """

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = max(total, 1)
        self._done = 0
        self._begun = self._drawn = time.monotonic()
        self._visible = False

    def advance(self, count: int) -> None:
        """That many bytes more are done."""
        self._done += count
        now = time.monotonic()
        if now - self._begun >= PATIENCE and now - self._drawn >= INTERVAL:
            self._drawn, self._visible = now, True
            self._write(f"\r{self.line(now - self._begun)}\x1b[K")

    def line(self, seconds: float) -> str:
        """The line after `seconds`."""
        share = min(self._done / self._total, 1.0)
        rate = self._done / seconds if seconds else 0.0
        left = (self._total - self._done) / rate if rate else 0.0
        bar = "█" * int(share * BAR)
        amounts = f"{size(self._done)} of {size(self._total)}, {size(int(rate))}/s"
        return f"{self._title} {bar:░<{BAR}} {share:4.0%} {amounts}, {_clock(left)} left"

    def close(self) -> None:
        """Take the line away."""
        if self._visible:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):  # the terminal went away
            self._visible = False


def watch(title: str, total: int) -> Progress:
    """A bar where somebody sits at a terminal, else silence.

    Args:
        title: what is being done.
        total: bytes in all.
    """
    try:
        visible = sys.stderr is not None and sys.stderr.isatty()
    except ValueError:
        visible = False
    return Bar(title, total) if visible else Silent()


def size(count: int) -> str:
    """Bytes as people read them, in powers of a thousand."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 else f"{value:.1f} {UNITS[unit]}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
