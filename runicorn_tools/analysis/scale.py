"""Means and spreads of finite floats of any size: sums and squares neither overflow nor vanish."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def unit_of(values: Iterable[float]) -> float:
    """Return a power of two near the largest of finite values. Dividing by it is exact, and the quotients are below 2."""
    largest = max(map(abs, values), default=0.0)
    return 2.0 ** (math.frexp(largest)[1] - 1) if largest else 1.0


def mean(values: Sequence[float]) -> float:
    """Return the mean of one or more finite values."""
    from statistics import fmean  # 5 ms that `runicorn ls` does without

    unit = unit_of(values)
    return fmean(value / unit for value in values) * unit


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of two or more finite values; infinite if it exceeds the largest float."""
    from statistics import stdev

    unit = unit_of(values)
    return stdev(value / unit for value in values) * unit
