"""Build series for charts: columns, each series downsampled separately."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from metrics.models import Series
from metrics.query import bands, downsample
from metrics.query.means import MeansLoader
from metrics.query.plan import SPARE, SeriesReader, Window, interval_width, level_for
from metrics.query.series_view import TileLoader, View
from metrics.store.columns import FLOAT, INT, NULL, Floats, Index, Values, ascending
from metrics.store.lanes import Lane
from metrics.store.means import counted
from metrics.store.points import Points, gather
from runicorn.api.responses.metrics import Series as SeriesColumns
from runicorn.api.responses.metrics import SeriesKind, SeriesStatistics, SeriesValues
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


_BAND_EVERY, _CLOSE_BAND_EVERY = 3, 6
"""Points of a downsampled curve per edge of its band."""


_CLOSE_SPARE = 1.1
"""As `SPARE`, of a close line."""


class Resolution(NamedTuple):
    """How fine a curve is.

    Attributes:
        points: maximum number of its points, both ends included; at least 4.
        is_close: whether a line through them is within a pixel of that of all points; see `metrics.query.downsample`.
    """

    points: int
    is_close: bool = False

    @classmethod
    def of(cls, points: int, pixels: int | None) -> Resolution:
        """Return that of a chart which is so many pixels wide, or else of at most so many points."""
        return cls(points) if pixels is None else cls(downsample.OF_CLOSE * pixels + 2, True)

    @property
    def to_read(self) -> int:
        """How many points are read at least.

        Two buckets beside each other are not wider than an interval of a close line, which has four points at most.
        """
        return math.ceil(self.points * _CLOSE_SPARE / SPARE) if self.is_close else self.points

    @property
    def of_smoothed(self) -> int:
        """Points of a smoothed curve: as many intervals as the curve itself has, two for each."""
        return self.points // 2 if self.is_close else self.points

    @property
    def of_band(self) -> int:
        """Edges of the band at most."""
        return self.points // (_CLOSE_BAND_EVERY if self.is_close else _BAND_EVERY)


@dataclass(frozen=True, slots=True)
class Downsampled:
    """Points of a part of a series including its extremes, and the number of all points in that part."""

    points: Points
    count: int
    means: Points | None = None
    """Means of all points, not much finer than `points`; see `metrics.store.means`."""


def downsampled(
    view: View,
    series: Sequence[Series],
    window: Window | Callable[[Series], Window],
    *,
    by_step: bool,
    points: int,
    averaged: bool = False,
) -> dict[int, Downsampled]:
    """Return the points of each series, by id, in its window: at least `points` if there are as many.

    All series are read together, with one query per round; a second round is rare. With `averaged` there are means too.

    Raises:
        metrics.query.series_view.JournalReplaced: the journal was replaced during the read.
    """
    loader, sampled = TileLoader(view), {}
    thinned: list[tuple[Series, SeriesReader]] = []
    windows = {row.pk: window(row) if callable(window) else window for row in series}
    widths = {
        row.pk: interval_width(view.directories[row.pk], windows[row.pk], points, by_step=by_step)
        for row in series
    }
    todo = [(row, level_for(view.directories[row.pk], windows[row.pk], points)) for row in series]
    while todo:
        readings = [
            (
                row,
                level,
                SeriesReader(
                    view.directories[row.pk],
                    windows[row.pk],
                    by_step=by_step,
                    level=level,
                    width=widths[row.pk],
                ),
            )
            for row, level in todo
        ]
        loader.fetch((row, reading.needs()) for row, _, reading in readings)
        todo = []
        for row, level, reading in readings:
            reading.open_tangled(loader.blob(row))
            sample, count = reading.points(loader.blob(row))
            if level and len(sample) < min(points, count):
                # Many of the points that the level was chosen for are hidden.
                todo.append((row, level - 1))
            else:
                sampled[row.pk] = Downsampled(reading.with_gap_ends(sample, loader.blob(row)), count)
                if averaged and level and row.minimum is not None:
                    thinned.append((row, reading))
    means = MeansLoader(view)
    means.fetch((row, reading.needs()) for row, reading in thinned)
    for row, reading in thinned:
        sampled[row.pk] = replace(sampled[row.pk], means=reading.points(means.blob(row))[0])
    return sampled


def in_order(curves: Sequence[Downsampled], *, by_step: bool) -> Points:
    """Merge the points of the lanes of one metric in the order of x."""
    together = gather([curve.points for curve in curves if len(curve.points)])
    return together if by_step else together.by_time()


def series_columns(
    series: Sequence[Series],
    together: Points,
    count: int,
    *,
    by_step: bool,
    resolution: Resolution,
    means: Points | None = None,
    compact: bool = False,
) -> SeriesColumns:
    """Return the curve of one metric in the order of `x`, downsampled.

    Args:
        together: their points, as returned by `in_order`.
        count: number of points before sampling.
        by_step: whether x is the step, or the time in Unix seconds.
        means: means of all points; for a downsampled curve they add `band`, the range and the mean of all points:
            `{x, low, high, mean}`, coarser than the curve, null where there is no finite value.
        compact: return only bands of noise, rounded, and a third of the points of noise.
    """
    x = together.step if by_step else together.time
    at = downsample.curve(x, together.value.heights(), resolution.points, close=resolution.is_close)
    kind = _kind(series)
    numbers = together.value.numbers()
    has_band = means is not None and count > len(at) and kind in ("float", "int")
    noise = has_band and bands.is_noise(numbers[at])
    edges = _edges(x, at, resolution.of_band) if has_band else at
    if compact and noise:
        at = ascending(np.concatenate([edges, at[_ends_and_gaps(numbers[at])]]))
    visible = together.select(at)
    statistics, values = _statistics(together), _values(visible.value, kind)
    entry: SeriesColumns = {
        "name": series[0].name,
        "kind": kind,
        "count": count,
        "min": statistics["min"],
        "max": statistics["max"],
        "last": statistics["last"],
        "x": _column(x[at]),
        "y": values["y"],
        "special": values["special"],
    }
    if "labels" in values:
        entry["labels"] = values["labels"]
    if series[0].lane == Lane.SYSTEM:
        entry["system"] = True
    if means is not None and has_band and (noise or not compact):
        along = means.step if by_step else means.time
        entry["band"] = bands.band(x, numbers, edges, along, means)
        bands.finish(entry["band"], noise=noise, compact=compact)
    if visible.stage.mask():
        entry["stages"] = _changes(visible.stage.objects())
    if not by_step and len(visible) and series[0].lane == Lane.METRIC:
        entry["back"] = (np.flatnonzero(visible.step[1:] < visible.step[:-1]) + 1).tolist()
    return entry


def _edges(x: NDArray[Any], at: Index, intervals: int) -> Index:
    """Return those of ascending positions that are the first in an interval of x, and the last one."""
    return ascending(np.concatenate([at[downsample.interval_starts(x[at], intervals)], at[-1:]]))


def _ends_and_gaps(numbers: Floats) -> Index:
    """Return the positions of the lowest and the highest value, and of those that are not finite."""
    odd = ~np.isfinite(numbers)
    at = np.flatnonzero(odd)
    if odd.all():
        return at
    return np.append(at, [np.where(odd, np.inf, numbers).argmin(), np.where(odd, -np.inf, numbers).argmax()])


def averages(curves: Sequence[Downsampled]) -> Points:
    """Return the means of the lanes of one metric, in any order."""
    return gather([counted(curve.points) if curve.means is None else curve.means for curve in curves])


def statistics_only(series: Sequence[Series]) -> SeriesColumns:
    """Return the curve of one metric without its points."""
    lows = [row.minimum for row in series if row.minimum is not None]
    highs = [row.maximum for row in series if row.maximum is not None]
    newest = max(series, key=lambda row: row.last_row or 0)
    entry: SeriesColumns = {
        "name": series[0].name,
        "kind": _kind(series),
        "count": sum(row.count for row in series),
        "min": min(lows, default=None),
        "max": max(highs, default=None),
        "last": newest.last_text if newest.last is None else newest.last,
        "x": [],
        "y": [],
        "special": [],
    }
    if series[0].lane == Lane.SYSTEM:
        entry["system"] = True
    return entry


def _column(array: NDArray[Any]) -> Any:
    """Return an array that orjson can serialize as a list."""
    return np.ascontiguousarray(array)


def _kind(series: Sequence[Series]) -> SeriesKind:
    kinds = {cast(SeriesKind, row.kind) for row in series}
    if len(kinds) == 1:
        return kinds.pop()
    return "mixed" if kinds & {"text", "mixed"} else "float"


def _statistics(points: Points) -> SeriesStatistics:
    numbers = points.value.numbers()
    finite = points.select(np.flatnonzero(np.isfinite(numbers)))
    heights = finite.value.numbers()
    statistics: SeriesStatistics = {"min": None, "max": None, "last": None}
    if len(heights):
        ends = finite.value.select(np.array([heights.argmin(), heights.argmax()]))
        # Booleans become 0 and 1.
        statistics["min"], statistics["max"] = (number + 0 for number in ends.objects())
    if len(points):
        statistics["last"] = points.value.select(slice(len(points) - 1, None)).objects()[0]
    return statistics


def _values(values: Values, kind: str) -> SeriesValues:
    if kind == "text":
        bits, codes = np.unique(values.bits, return_inverse=True)
        labels = [values.labels[code] for code in bits.tolist()]
        return {"y": _column(codes.astype(np.int64)), "special": [], "labels": labels}
    if values.kind in (INT, NULL) or kind == "bool":
        return {"y": _column(values.bits), "special": []}
    numbers = values.numbers()
    odd = np.flatnonzero(~np.isfinite(numbers) & values.where(FLOAT))
    special: Any = [[at, str(number)] for at, number in zip(odd.tolist(), numbers[odd].tolist(), strict=True)]
    return {"y": _column(numbers), "special": special}


def _changes(stages: Sequence[Any]) -> list[tuple[int, Any]]:
    """Return the positions where the stage changes, with the new stage."""
    return [(i, stage) for i, stage in enumerate(stages) if i == 0 or stage != stages[i - 1]]
