"""Smoothed curves of stored series.

A curve is smoothed from all points that its stretch needs, those before and after it included, so that a value depends
neither on the number of points that are asked for nor on where the stretch begins. For a stretch of up to `MOST_POINTS`
points that is exact, however long the series; where the runs of a metric have no more than `MOST_OF_ALL` points
together, of up to `MOST_OF_ONE`. A longer stretch is smoothed from the means of 32 neighbouring points (of 512 from two
million points on, and so forth): what is wider than some of those differs by a small part of the noise that it leaves,
and what is narrower comes out as their mean.

Values that are not finite, and texts, are left out as if they had not been logged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

from metrics.models import Series
from metrics.query.means import MeansLoader
from metrics.query.plan import Range, SeriesReader, Window, covered
from metrics.query.series_view import View
from metrics.query.smoothing.kernels import Samples
from metrics.query.smoothing.smoother import Smoother
from metrics.store import pyramid
from metrics.store.cache import cache
from metrics.store.means import coarser, counts
from metrics.store.tile_index import Directory
from runicorn.api.responses.metrics import SmoothedCurve
from runs.store.lazy_numpy import np

MOST_POINTS = 65_536
MOST_OF_ONE, MOST_OF_ALL = 262_144, 1_048_576
_SAMPLE_BYTES = 24


@dataclass(frozen=True, slots=True)
class _Reading:
    """The part of one series that is read."""

    series: Series
    window: Window
    level: int

    def key(self, by_step: bool) -> tuple[object, ...]:
        return "samples", self.series.uid, self.series.count, by_step, self.level, self.window


def smoothed(
    view: View,
    metrics: Sequence[Sequence[Series]],
    window: Callable[[Series], Window],
    smoother: Smoother,
    *,
    by_step: bool,
    points: int,
    thinned: bool = True,
) -> list[SmoothedCurve | None]:
    """Return the smoothed curve of each metric, given as its lanes, at most `points` of it; None without numbers.

    Args:
        thinned: without it, all values that are computed, which are not only the extremes: to take means of them.

    Raises:
        metrics.query.series_view.JournalReplaced: the journal was replaced meanwhile.
    """
    smoothers = [smoother.for_range(_width(lanes, by_step)) for lanes in metrics]
    most = _most_points(metrics)
    todo = [
        (row, fitting)
        for lanes, fitting in zip(metrics, smoothers, strict=True)
        for row in lanes
        if row.minimum is not None
    ]
    samples: dict[int, Samples] = {}
    times = 1
    # The tiles count points that are no finite numbers, too: where those leave too few around, twice as many are read.
    while todo:
        readings = {
            row.pk: _readings(
                view.directories[row.pk], row, window(row), fitting, by_step, most[row.name], times
            )
            for row, fitting in todo
        }
        samples |= _samples(view, readings, by_step)
        todo = [
            (row, fitting)
            for row, fitting in todo
            if _lacks_points(samples[row.pk], readings[row.pk], window(row), fitting, by_step)
        ]
        times *= 2
    curves: list[SmoothedCurve | None] = []
    for lanes, fitting in zip(metrics, smoothers, strict=True):
        parts = [samples[row.pk] for row in lanes if row.pk in samples and len(samples[row.pk])]
        if not parts:
            curves.append(None)
            continue
        low, high = _bounds(window(lanes[0]), by_step)
        curve = fitting.apply if thinned else fitting.values
        x, y = curve(_joined(parts), low, high, points)
        # Numpy arrays, which orjson serializes as lists.
        curves.append(cast(SmoothedCurve, {"x": x.astype(np.int64) if by_step else x, "y": y}))
    return curves


def _width(lanes: Sequence[Series], by_step: bool) -> float:
    ends = [(s.first_step, s.top_step) if by_step else (s.first_time, s.last_time) for s in lanes]
    lows = [low for low, _ in ends if low is not None]
    return float(max((high for _, high in ends if high is not None), default=0) - min(lows, default=0))


def _bounds(window: Window, by_step: bool) -> tuple[float, float]:
    low, high = window.steps if by_step else window.times
    return -np.inf if low is None else low, np.inf if high is None else high


def _most_points(metrics: Sequence[Sequence[Series]]) -> dict[str, int]:
    """Return how many points of a curve are smoothed exactly, by metric: of several long runs, fewer."""
    total: Counter[str] = Counter()
    for row in chain.from_iterable(metrics):
        total[row.name] += row.count
    return {name: MOST_OF_ONE if count <= MOST_OF_ALL else MOST_POINTS for name, count in total.items()}


def _lacks_points(
    samples: Samples, readings: Sequence[_Reading], window: Window, smoother: Smoother, by_step: bool
) -> bool:
    """Return whether there may be more points that count for the stretch than were read around it."""
    before, after, unit = smoother.reach()
    low, high = _bounds(window, by_step)
    start, stop = np.searchsorted(samples.x, low), np.searchsorted(samples.x, high, "right")
    if unit == "x" or start == stop:
        return False
    (first, _), (_, last) = (
        reading.window.steps if by_step else reading.window.times for reading in (readings[0], readings[-1])
    )
    return bool(
        (first is not None and samples.n[:start].sum() < before)
        or (last is not None and samples.n[stop:].sum() < after)
    )


def _readings(
    directory: Directory,
    series: Series,
    window: Window,
    smoother: Smoother,
    by_step: bool,
    most: int,
    times: int,
) -> list[_Reading]:
    """Return the parts to read, ascending in x: what is shown with its surroundings, and what lies farther away.

    Of a reach in points so many times as many are read.
    """
    before, after, unit = smoother.reach()
    low, high = window.steps if by_step else window.times
    if unit == "x":
        first, last = None if low is None else low - before, None if high is None else high + after
    else:
        first = _farther(directory, low, times * before, by_step)
        last = _farther(directory, high, times * after, by_step, -1)
    tiles = directory.tiles[directory.leaves]
    _, inside = _window((low, high), by_step).judge_tiles(tiles)
    if by_step and not directory.unordered:
        inside &= ~covered(tiles, directory)[0]
    if int(tiles["distinct" if by_step else "count"][inside].sum()) > most:
        return [_reading(directory, series, _window((first, last), by_step))]
    # What is shown is exact. Of what counts for it from far away the means of neighbouring points are enough.
    exact = min(times * MOST_POINTS, most)
    near, far = (
        _farther(directory, low, exact, by_step),
        _farther(directory, high, exact, by_step, -1),
    )
    readings = []
    if near is not None and (first is None or first < near):
        readings.append(_reading(directory, series, _window((first, _beside(near, by_step, -1)), by_step), 1))
        first = near
    if far is not None and (last is None or last > far):
        readings.append(_reading(directory, series, _window((_beside(far, by_step, 1), last), by_step), 1))
        last = far
    return [*readings, _Reading(series, _window((first, last), by_step), 0)]


def _window(span: Range, by_step: bool) -> Window:
    return Window(steps=span) if by_step else Window(times=span)


def _beside(x: float, by_step: bool, sign: int) -> float:
    """Return the next possible x after (1) or before (-1) this one."""
    return x + sign if by_step else float(np.nextafter(x, sign * np.inf))


def _reading(directory: Directory, series: Series, window: Window, level: int = 0) -> _Reading:
    outside, _ = window.judge_tiles(directory.tiles[directory.leaves])
    count = int(directory.column("count")[directory.leaves][~outside].sum())
    while count // _points_of_mean(level) > MOST_POINTS:
        level += 1
    return _Reading(series, window, level)


def _points_of_mean(level: int) -> int:
    return pyramid.SHAPE.bucket * pyramid.SHAPE.fan ** (level - 1) if level else 1


def _farther(
    directory: Directory, edge: float | None, points: float, by_step: bool, sign: int = 1
) -> float | None:
    """Return an x so far before `edge` that at least `points` points lie between, None for everything.

    With a `sign` of -1 after it.
    """
    if edge is None:
        return None
    if points == 0:
        return edge
    tiles = directory.tiles[directory.leaves]
    if by_step and not directory.unordered:
        tiles = tiles[~covered(tiles, directory)[0]]
    axis = "step" if by_step else "time"
    near, far = (f"last_{axis}", f"first_{axis}")[::sign]
    tiles = tiles[tiles[near] * sign < edge * sign]
    tiles = tiles[np.argsort(-sign * tiles[near], kind="stable")]
    enough = np.flatnonzero(np.cumsum(tiles["distinct" if by_step else "count"]) >= points)
    return float(tiles[far][enough[0]]) if len(enough) else None


def _samples(view: View, readings: dict[int, list[_Reading]], by_step: bool) -> dict[int, Samples]:
    parts: dict[_Reading, Samples] = {}
    todo: list[tuple[_Reading, SeriesReader]] = []
    for reading in (reading for several in readings.values() for reading in several):
        cached = cache.get(reading.key(by_step))
        if cached is None:
            directory = view.directories[reading.series.pk]
            todo.append(
                (reading, SeriesReader(directory, reading.window, by_step=by_step, level=reading.level))
            )
        else:
            parts[reading] = cached
    loader = MeansLoader(view)
    loader.fetch((reading.series, reader.needs()) for reading, reader in todo)
    for reading, reader in todo:
        points, _ = reader.points(loader.blob(reading.series), coarser)
        numbers = points.value.numbers()
        finite = np.isfinite(numbers)
        x = points.step.astype(np.float64) if by_step else points.time
        x, numbers = (x, numbers) if finite.all() else (x[finite], numbers[finite])
        n = counts(points)[finite] if reading.level else np.broadcast_to(1.0, len(x))
        parts[reading] = samples = Samples(x, numbers, n)
        cache.put(reading.key(by_step), samples, len(samples) * _SAMPLE_BYTES)
    return {pk: _joined([parts[reading] for reading in several]) for pk, several in readings.items()}


def _joined(parts: Sequence[Samples]) -> Samples:
    if len(parts) == 1:
        return parts[0]
    x, y, n = (np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "n"))
    order = np.argsort(x, kind="stable")
    return Samples(x[order], y[order], n[order])
