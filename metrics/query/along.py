"""Curves by step with another metric as x axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import ValidationError

from metrics.models import Series
from metrics.query.limits import MOST_NUMBERS, TOO_MUCH
from metrics.query.plan import SeriesReader, Window
from metrics.query.series_view import TileLoader, View
from metrics.store.columns import Floats, Ints
from metrics.store.points import Points
from runs.store.lazy_numpy import np


@dataclass(frozen=True, slots=True)
class Along:
    """All finite values of a metric, by step."""

    steps: Ints
    values: Floats

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


def read(view: View, series: Sequence[Series]) -> dict[int, Along]:
    """Return all values of each series, by its run's key.

    Raises:
        ValidationError: these are too many.
        metrics.query.series_view.JournalReplaced: the journal was replaced meanwhile; retry.
    """
    if sum(row.count for row in series) > MOST_NUMBERS:
        raise ValidationError({"x_metric": [TOO_MUCH]})
    loader = TileLoader(view)
    readers = [
        (row, SeriesReader(view.directories[row.pk], Window(), by_step=True, level=0)) for row in series
    ]
    loader.fetch((row, reader.needs()) for row, reader in readers)
    return {row.run_id: _along(reader.points(loader.blob(row))[0]) for row, reader in readers}


def add(entries: Iterable[tuple[int, Any]], values_by_run: dict[int, Along]) -> None:
    """Add `along` to curves, given with the keys of their runs."""
    for run, entry in entries:
        (values_by_run.get(run) or nothing()).add_to(entry)


def _along(points: Points) -> Along:
    numbers = points.value.numbers()
    finite = np.isfinite(numbers)
    return Along(points.step[finite], numbers[finite])


def nothing() -> Along:
    """Return the values of a run that has none."""
    return Along(np.empty(0, dtype=np.int64), np.empty(0))
