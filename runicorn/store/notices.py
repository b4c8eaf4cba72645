"""Notices of the tracker on stderr, each printed once. Never raises."""

from __future__ import annotations

import sys
from contextlib import suppress


def say(text: str) -> None:
    """Write one line to stderr, if it exists.

    Not a Python warning: under `-W error` it would raise an exception in the training.
    """
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):  # a broken pipe, a closed stream
        sys.stderr.write(f"runicorn: {text}\n")
        sys.stderr.flush()


class Notices:
    """Notices of one run, each topic once."""

    def __init__(self) -> None:
        self._spoken: set[str] = set()

    def once(self, topic: str, text: str) -> None:
        """Print `text` unless `topic` was reported before."""
        if topic not in self._spoken:
            self._spoken.add(topic)
            say(text)
