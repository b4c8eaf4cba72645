"""Means of finite numbers of any size."""

from __future__ import annotations

import math
from collections.abc import Sequence


def mean(values: Sequence[float]) -> float:
    """Return the mean of at least one finite number, also where the sum would be infinite."""
    half = math.fsum(value / 2 / len(values) for value in values)
    return within(2 * half, min(values), max(values))


def within(value: float, low: float, high: float) -> float:
    """Clamp `value`, which rounding may have moved outside of the range."""
    return min(max(value, low), high)
