"""Another metric as x axis of curves by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework.exceptions import ValidationError

from metrics.models import Series
from metrics.query.limits import MOST_NUMBERS, TOO_MUCH
from metrics.query.plan import SeriesReader, Window
from metrics.query.series_view import TileLoader, View
from metrics.query.values_at_steps import AxisValues, no_values


def read(view: View, series: Sequence[Series]) -> dict[int, AxisValues]:
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
    return {row.run_id: AxisValues.of(reader.points(loader.blob(row))[0]) for row, reader in readers}


def add(entries: Iterable[tuple[int, Any]], values_by_run: dict[int, AxisValues]) -> None:
    """Add `along` to curves, given with the keys of their runs."""
    for run, entry in entries:
        (values_by_run.get(run) or no_values()).add_to(entry)
