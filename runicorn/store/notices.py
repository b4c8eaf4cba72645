"""What the tracker has to say goes to stderr, each thing once; it never raises and never fills the output."""

from __future__ import annotations

import sys
from contextlib import suppress


def say(text: str) -> None:
    """Write one line to stderr, if there is one to write to.

    Not through `warnings`: under `-W error` those are exceptions, and the tracker has none to throw at a training.
    """
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):  # a broken pipe, a closed stream
        sys.stderr.write(f"runicorn: {text}\n")
        sys.stderr.flush()


class Notices:
    """The notices of one run; each topic is spoken of once."""

    def __init__(self) -> None:
        self._spoken: set[str] = set()

    def once(self, topic: str, text: str) -> None:
        """Print `text` unless `topic` was reported before."""
        if topic not in self._spoken:
            self._spoken.add(topic)
            say(text)
