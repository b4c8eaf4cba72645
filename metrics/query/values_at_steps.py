"""Values of a metric at the steps of another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from metrics.store.columns import Floats, Ints
from metrics.store.points import Points
from runs.store.lazy_numpy import np


@dataclass(frozen=True, slots=True)
class AxisValues:
    """All finite values of a metric, by step."""

    steps: Ints
    values: Floats

    @classmethod
    def of(cls, points: Points) -> AxisValues:
        """Return the values of points that are sorted by step."""
        numbers = points.value.numbers()
        finite = np.isfinite(numbers)
        return cls(points.step[finite], numbers[finite])

    def at(self, steps: Any) -> Floats:
        """Return the value last logged at or before each step, NaN before the first."""
        if not len(self.steps):
            return np.full(len(steps), np.nan)
        places = np.searchsorted(self.steps, np.asarray(steps), side="right") - 1
        return np.where(places < 0, np.nan, self.values[places.clip(0)])

    def over(self, steps: Any, heights: Floats) -> tuple[Floats, Floats]:
        """Return a curve by step as (x, y) over the values, x ascending; y is the mean of the finite heights of one x."""
        values = self.at(steps)
        placed = np.isfinite(values)
        x, place = np.unique(values[placed], return_inverse=True)
        finite = np.isfinite(heights[placed])
        counts = np.bincount(place[finite], minlength=len(x))
        # Divided first: a sum of values may exceed the largest float.
        parts = heights[placed][finite] / counts[place[finite]]
        mean = np.bincount(place[finite], parts, minlength=len(x))
        return x, np.where(counts > 0, mean, np.nan)

    def add_to(self, entry: Any) -> None:
        """Add `along` to a curve in columns, its band and its smoothed curve."""
        for columns in (entry, entry.get("band"), entry.get("smoothed")):
            if columns is not None:
                columns["along"] = self.at(columns["x"])


def no_values() -> AxisValues:
    """Return the values of a run that has none."""
    return AxisValues(np.empty(0, dtype=np.int64), np.empty(0))
