"""A curve in words and few points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPIKE = 6.0
"""Scaled median absolute deviations of a change that make it a spike (Iglewicz and Hoaglin, 1993, use 3.5 for outliers)."""
MAD_TO_STD = 1.4826
MOST_SPIKES = 5
FLAT = 0.01
"""Share of the whole range within which the end of a curve is a plateau."""
PART = 4
"""The slope is that of the last quarter of the steps."""


@dataclass(frozen=True, slots=True)
class CurveFacts:
    """What a person would see on a curve. Steps and values; slopes in value a step."""

    first: tuple[float, float]
    last: tuple[float, float]
    lowest: tuple[float, float]
    highest: tuple[float, float]
    slope: float
    trend: str
    spikes: list[tuple[float, float]]
    plateau_since: float | None
    missing: list[float]
    """Steps of NaN and infinities."""


def facts(steps: Sequence[float], values: Sequence[float]) -> CurveFacts | None:
    """Return the facts of a curve; None without a finite value."""
    x, y = np.asarray(steps, dtype=float), np.asarray(values, dtype=float)
    finite = np.isfinite(y)
    missing = x[~finite].tolist()
    x, y = x[finite], y[finite]
    if not len(y):
        return None
    low, high = int(y.argmin()), int(y.argmax())
    slope = _slope(x, y)
    return CurveFacts(
        _at(x, y, 0),
        _at(x, y, len(y) - 1),
        _at(x, y, low),
        _at(x, y, high),
        slope,
        _trend(x, y, slope),
        [_at(x, y, index) for index in _spikes(y)],
        _plateau(x, y),
        missing,
    )


def _at(x: NDArray[np.float64], y: NDArray[np.float64], index: int) -> tuple[float, float]:
    return float(x[index]), float(y[index])


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the least-squares slope of the last quarter of the steps."""
    recent = x >= x[-1] - (x[-1] - x[0]) / PART
    x, y = x[recent], y[recent]
    spread = float(((x - x.mean()) ** 2).sum())
    return float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread else 0.0


def _trend(x: NDArray[np.float64], y: NDArray[np.float64], slope: float) -> str:
    """Return whether the last quarter rises or falls by more than its own noise."""
    change = slope * (x[-1] - x[0]) / PART
    recent = y[x >= x[-1] - (x[-1] - x[0]) / PART]
    noise = float(np.median(np.abs(np.diff(recent)))) if len(recent) > 1 else 0.0
    size = max(FLAT * float(y.max() - y.min()), noise)
    if abs(change) <= size:
        return "flat"
    return "rising" if change > 0 else "falling"


def _spikes(y: NDArray[np.float64]) -> list[int]:
    """Return the points that stick out from both neighbours by far more than usual, the farthest first."""
    if len(y) < 5:
        return []
    middle = y[1:-1] - (y[:-2] + y[2:]) / 2
    scale = float(np.median(np.abs(middle - np.median(middle)))) * MAD_TO_STD
    height = np.abs(middle)
    # A curve that is exact to the last digit has no scale; a thousandth of its range is one then.
    limit = SPIKE * max(scale, float(y.max() - y.min()) / 1000)
    # Above or below both neighbours: a steep beginning bends more than the rest, and sticks out of nothing.
    is_extreme = (y[1:-1] - y[:-2]) * (y[1:-1] - y[2:]) > 0
    peaks = np.flatnonzero((height > limit) & is_extreme)
    # Both neighbours of a spike deviate by half of its height.
    maxima = [i for i in peaks if height[i] >= height[max(i - 1, 0) : i + 2].max()]
    return [int(i) + 1 for i in sorted(maxima, key=lambda i: -height[i])[:MOST_SPIKES]]


def _plateau(x: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    """Return the step since which all values stay in a hundredth of the range; None if that is less than a tenth of all."""
    if len(y) < 10 or y.max() == y.min():
        return float(x[0]) if len(y) >= 10 else None
    size = FLAT * (y.max() - y.min())
    high, low = np.maximum.accumulate(y[::-1])[::-1], np.minimum.accumulate(y[::-1])[::-1]
    start = int(np.argmax(high - low <= size))
    return float(x[start]) if len(y) - start >= len(y) / 10 else None
