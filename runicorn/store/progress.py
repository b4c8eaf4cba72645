"""A progress bar for what takes longer than one likes to wait without a word; silent where nobody looks."""

from __future__ import annotations

import os
import sys
import time
import unicodedata
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

    def more(self, count: int) -> None:
        """That many bytes more are to be done than was thought."""

    def close(self) -> None:
        """Nothing more comes."""


class Silent:
    """Says nothing."""

    def advance(self, count: int) -> None:
        """Do nothing."""

    def more(self, count: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


SILENT = Silent()


class Bar:
    """One line on stderr, drawn over itself: share, bytes, rate and remaining time.

    Args:
        title: what is being done.
        total: bytes in all.
    """

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._begun = self._drawn = time.monotonic()
        self._visible = False

    def advance(self, count: int) -> None:
        """That many bytes more are done."""
        self._done += count
        now = time.monotonic()
        if now - self._begun >= PATIENCE and now - self._drawn >= INTERVAL:
            self._drawn, self._visible = now, True
            self._write(f"\r{self.line(now - self._begun, _width())}\x1b[K")

    def more(self, count: int) -> None:
        """That many bytes more are to be done than was thought."""
        self._total += count

    def line(self, seconds: float, width: int) -> str:
        """The line after `seconds`, in less than `width` columns: a longer one would be drawn beneath itself."""
        share = min(self._done / self._total, 1.0) if self._total else 1.0
        rate = self._done / seconds if seconds else 0.0
        left = max(self._total - self._done, 0) / rate if rate else 0.0
        bar = "█" * int(share * BAR)
        amounts = f"{size(self._done)} of {size(self._total)}, {size(int(rate))}/s"
        figures = f"{share:4.0%} {amounts}, {_clock(left)} left"
        for said in (f"{self._title} {bar:░<{BAR}} {figures}", f"{self._title} {figures}", figures):
            if _columns(said) < width:
                return said
        return f"{share:.0%}"

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
    return Bar(title, total) if visible else SILENT


def _width() -> int:
    """Columns of the terminal, as it is now."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _columns(text: str) -> int:
    """Columns that a text takes: characters of East Asia take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


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
