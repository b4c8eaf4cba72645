"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LONGEST_PAUSE = 0.04
"""Seconds; longer than a check, so that checks do not take the time of what is measured."""


def until(condition: Callable[[], T], timeout: float = 120.0, pause: float = 0.01) -> T:
    """Return the first truthy value of `condition`, called after pauses that grow.

    Raises:
        TimeoutError: it was still falsy after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not true after {timeout} s: {condition}")
        time.sleep(pause)
        pause = max(pause, min(pause * 1.1, LONGEST_PAUSE))
