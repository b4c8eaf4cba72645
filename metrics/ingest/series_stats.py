"""Statistics of a series: count, ranges, and the last point."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from metrics.store.columns import TEXT
from metrics.store.points import Points


class Figures(Protocol):
    """What `count_in` keeps up to date; see `metrics.models.Series`."""

    kinds: Any
    staged: Any
    count: Any
    minimum: Any
    minimum_step: Any
    maximum: Any
    maximum_step: Any
    last: Any
    last_text: Any
    last_step: Any
    last_time: Any
    last_row: Any
    first_step: Any
    top_step: Any
    first_time: Any


def count_in(figures: Figures, points: Points) -> None:
    """Bring the figures up to date with points that came after those they know, in the order of the journal.

    Highest and lowest are of finite numbers; the first to reach them keeps them. Booleans count as 0 and 1.
    """
    figures.count += len(points)
    figures.kinds |= points.value.mask()
    figures.staged = figures.staged or points.stage.mask() != 0
    figures.last_row = int(points.row[-1])
    figures.last_step, figures.last_time = int(points.step[-1]), float(points.time[-1])
    figures.first_step = _least(figures.first_step, int(points.step.min()))
    figures.top_step = (
        int(points.step.max()) if figures.top_step is None else max(figures.top_step, int(points.step.max()))
    )
    figures.first_time = _least(figures.first_time, float(points.time.min()))
    _note_last(figures, points)
    _note_extremes(figures, points)


def _least(known: Any, new: Any) -> Any:
    return new if known is None else min(known, new)


def _note_last(figures: Figures, points: Points) -> None:
    newest = points.value.select(slice(len(points) - 1, None))
    figures.last = figures.last_text = None
    if newest.kind == TEXT:
        figures.last_text = newest.objects()[0].replace("\0", "\ufffd")  # PostgreSQL stores no NUL in a text
    elif np.isfinite(number := newest.numbers()[0]):
        figures.last = float(number)


def _note_extremes(figures: Figures, points: Points) -> None:
    numbers = points.value.numbers()
    finite = np.flatnonzero(np.isfinite(numbers))
    if not len(finite):
        return
    low, high = finite[numbers[finite].argmin()], finite[numbers[finite].argmax()]
    if figures.minimum is None or numbers[low] < figures.minimum:
        figures.minimum, figures.minimum_step = float(numbers[low]), int(points.step[low])
    if figures.maximum is None or numbers[high] > figures.maximum:
        figures.maximum, figures.maximum_step = float(numbers[high]), int(points.step[high])
