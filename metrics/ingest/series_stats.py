"""Statistics of a series: count, ranges, and the last point."""

from __future__ import annotations

from typing import Any, Protocol

from metrics.store.columns import TEXT
from metrics.store.points import Points
from runs.store.lazy_numpy import np


class SeriesStats(Protocol):
    """The statistics that `update_stats` updates; see `metrics.models.Series`."""

    kinds: Any
    staged: Any
    count: Any
    minimum: Any
    minimum_step: Any
    maximum: Any
    maximum_step: Any
    last: Any
    last_text: Any
    last_special: Any
    last_step: Any
    last_time: Any
    last_row: Any
    first_step: Any
    top_step: Any
    first_time: Any


def update_stats(stats: SeriesStats, points: Points) -> None:
    """Update statistics with later points in the order of the journal.

    Extremes are of finite numbers; of equal values the first counts. Booleans count as 0 and 1.
    """
    stats.count += len(points)
    stats.kinds |= points.value.mask()
    stats.staged = stats.staged or points.stage.mask() != 0
    stats.last_row = int(points.row[-1])
    stats.last_step, stats.last_time = int(points.step[-1]), float(points.time[-1])
    stats.first_step = _least(stats.first_step, int(points.step.min()))
    stats.top_step = (
        int(points.step.max()) if stats.top_step is None else max(stats.top_step, int(points.step.max()))
    )
    stats.first_time = _least(stats.first_time, float(points.time.min()))
    _note_last(stats, points)
    _note_extremes(stats, points)


def _least(old: Any, new: Any) -> Any:
    return new if old is None else min(old, new)


def _note_last(stats: SeriesStats, points: Points) -> None:
    newest = points.value.select(slice(len(points) - 1, None))
    stats.last = stats.last_text = stats.last_special = None
    if newest.kind == TEXT:
        stats.last_text = newest.objects()[0].replace("\0", "\ufffd")  # PostgreSQL stores no NUL in a text
    elif np.isfinite(number := newest.numbers()[0]):
        stats.last = float(number)
    else:
        stats.last_special = str(number)


def _note_extremes(stats: SeriesStats, points: Points) -> None:
    numbers = points.value.numbers()
    finite = np.flatnonzero(np.isfinite(numbers))
    if not len(finite):
        return
    low, high = finite[numbers[finite].argmin()], finite[numbers[finite].argmax()]
    if stats.minimum is None or numbers[low] < stats.minimum:
        stats.minimum, stats.minimum_step = float(numbers[low]), int(points.step[low])
    if stats.maximum is None or numbers[high] > stats.maximum:
        stats.maximum, stats.maximum_step = float(numbers[high]), int(points.step[high])
