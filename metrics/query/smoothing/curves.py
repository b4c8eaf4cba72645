"""Smoothed curves of stored series.

A curve is smoothed from all points that its stretch needs, those before and after it included, so that a value depends
neither on the number of points that are asked for nor on where the stretch begins. Up to `MOST_POINTS` points that
is exact. A longer stretch is smoothed from the means of 32 neighbouring points (of 512 from two million points on, and
so forth): what is wider than some of those differs by a small part of the noise that it leaves, and what is narrower
comes out as their mean.

Values that are not finite, and texts, are left out as if they had not been logged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from metrics.models import Series
from metrics.query.means import MeansLoader
from metrics.query.plan import SeriesReader, Window, covered
from metrics.query.series_view import View
from metrics.query.smoothing.kernels import Samples
from metrics.query.smoothing.smoother import Smoother
from metrics.store import pyramid
from metrics.store.cache import cache
from metrics.store.means import counts
from metrics.store.tile_index import Directory
from runicorn.api.responses.metrics import SmoothedCurve

MOST_POINTS = 65_536
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
) -> list[SmoothedCurve | None]:
    """Return the smoothed curve of each metric, given as its lanes, at most `points` of it; None without numbers.

    Raises:
        metrics.query.series_view.JournalReplaced: the journal was replaced meanwhile.
    """
    smoothers = [smoother.for_range(_width(lanes, by_step)) for lanes in metrics]
    readings = {
        one.pk: _reading(view.directories[one.pk], one, window(one), fitting, by_step)
        for lanes, fitting in zip(metrics, smoothers, strict=True)
        for one in lanes
        if one.minimum is not None
    }
    samples = _samples(view, list(readings.values()), by_step)
    found: list[SmoothedCurve | None] = []
    for lanes, fitting in zip(metrics, smoothers, strict=True):
        parts = [samples[one.pk] for one in lanes if one.pk in samples and len(samples[one.pk])]
        if not parts:
            found.append(None)
            continue
        low, high = _bounds(window(lanes[0]), by_step)
        x, y = fitting.apply(_joined(parts), low, high, points)
        # Numpy arrays, which orjson serializes as lists.
        found.append(cast(SmoothedCurve, {"x": x.astype(np.int64) if by_step else x, "y": y}))
    return found


def _width(lanes: Sequence[Series], by_step: bool) -> float:
    ends = [(s.first_step, s.top_step) if by_step else (s.first_time, s.last_time) for s in lanes]
    lows = [low for low, _ in ends if low is not None]
    return float(max((high for _, high in ends if high is not None), default=0) - min(lows, default=0))


def _bounds(window: Window, by_step: bool) -> tuple[float, float]:
    low, high = window.steps if by_step else window.times
    return -np.inf if low is None else low, np.inf if high is None else high


def _reading(
    directory: Directory, series: Series, window: Window, smoother: Smoother, by_step: bool
) -> _Reading:
    before, after, unit = smoother.reach()
    low, high = window.steps if by_step else window.times
    if unit == "x":
        span = None if low is None else low - before, None if high is None else high + after
    else:
        span = _farther(directory, low, before, by_step), _farther(directory, high, after, by_step, -1)
    wide = Window(steps=span) if by_step else Window(times=span)
    outside, _ = wide.judge_tiles(directory.tiles[directory.leaves])
    count = int(directory.column("count")[directory.leaves][~outside].sum())
    level, samples = 0, count
    while samples > MOST_POINTS:
        level += 1
        samples = count // (pyramid.SHAPE.bucket * pyramid.SHAPE.fan ** (level - 1))
    return _Reading(series, wide, level)


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


def _samples(view: View, readings: Sequence[_Reading], by_step: bool) -> dict[int, Samples]:
    found: dict[int, Samples] = {}
    todo: list[tuple[_Reading, SeriesReader]] = []
    for one in readings:
        known = cache.get(one.key(by_step))
        if known is None:
            directory = view.directories[one.series.pk]
            todo.append((one, SeriesReader(directory, one.window, by_step=by_step, level=one.level)))
        else:
            found[one.series.pk] = known
    loader = MeansLoader(view)
    loader.fetch((one.series, reader.needs()) for one, reader in todo)
    for one, reader in todo:
        read, _ = reader.points(loader.blob(one.series))
        numbers = read.value.numbers()
        finite = np.isfinite(numbers)
        x = read.step.astype(np.float64) if by_step else read.time
        samples = Samples(x[finite], numbers[finite], counts(read)[finite])
        found[one.series.pk] = samples
        cache.put(one.key(by_step), samples, len(samples) * _SAMPLE_BYTES)
    return found


def _joined(parts: Sequence[Samples]) -> Samples:
    if len(parts) == 1:
        return parts[0]
    x, y, n = (np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "n"))
    order = np.argsort(x, kind="stable")
    return Samples(x[order], y[order], n[order])
