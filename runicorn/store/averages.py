"""Means of finite numbers of any size."""

from __future__ import annotations

import math
from collections.abc import Sequence


def mean(values: Sequence[float]) -> float:
    """The mean of one finite number or more; it lies between them, also where their sum would be infinite."""
    half = math.fsum(value / 2 / len(values) for value in values)
    return within(2 * half, min(values), max(values))


def within(value: float, low: float, high: float) -> float:
    """`value`, or the end of the range that rounding has carried it over."""
    return min(max(value, low), high)
