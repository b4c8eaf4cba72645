"""Values of many curves in common columns, kept while the curves do not change."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metrics.query.distribution.columns import Columns, Table
from metrics.query.distribution.reading import Curve, CurveReader
from metrics.query.plan import EVERYTHING, WHOLE, Range, Window
from metrics.query.smoothing.kernels import Samples
from metrics.query.smoothing.smoother import Smoother
from metrics.query.values_at_steps import AxisValues
from metrics.store.cache import cache
from metrics.store.columns import Floats, Index, Ints
from runs.store.lazy_numpy import np

SECONDS = 2.0
"""Time for reading curves per request; the next request continues."""
BATCH = 1000
"""Curves that are laid into columns together."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The x of curves.

    Attributes:
        kind: "step", "time" in Unix seconds, or "relative" in seconds since the start of each run.
        metric: for "step": draw over the values of this metric.
        part: lowest and highest x, inclusive; None for an open side.
        columns: maximum number of columns.
    """

    kind: str = "step"
    metric: str | None = None
    part: Range = EVERYTHING
    columns: int = 400

    @property
    def by_step(self) -> bool:
        """Return whether curves are read by step."""
        return self.kind == "step"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Curves of runs in common columns.

    Attributes:
        keys: of the runs that have points, ascending.
        columns: None without any point.
        table: a row for each of the runs.
        unread: runs whose points could not be read in time.
    """

    keys: Ints
    columns: Columns | None
    table: Table
    unread: int = 0

    def of(self, keys: Ints) -> Sheet:
        """Return the part of some runs."""
        inside = np.isin(self.keys, keys)
        return Sheet(self.keys[inside], self.columns, self.table[inside], self.unread)


@dataclass(frozen=True, slots=True)
class _CachedSheet:
    """A sheet of curves in these versions, with the first and the last x of each."""

    keys: Ints
    versions: Ints
    low: Floats
    high: Floats
    columns: Columns | None
    table: Table

    def places(self, keys: Ints, versions: Ints) -> Index:
        """Return the places of runs that have not changed, -1 for others."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where((self.keys[at] == keys) & (self.versions[at] == versions), at, -1)


@dataclass(slots=True)
class SheetReader:
    """Reads the curves of all runs of a reader.

    Attributes:
        over: reads the metric of the axis.
    """

    reader: CurveReader
    axis: Axis
    smoother: Smoother | None = None
    over: CurveReader | None = None

    def read(self) -> Sheet:
        """Return the sheet; the points only of runs that have changed are read.

        Raises:
            metrics.query.series_view.JournalReplaced: a journal was replaced meanwhile; retry.
        """
        keys, versions = self._versions()
        cache_key = ("sheet", self.reader.root.pk, self.reader.name, self.axis, self.smoother)
        cached: _CachedSheet | None = cache.get(cache_key)
        places = np.full(len(keys), -1) if cached is None else cached.places(keys, versions)
        if cached is not None and len(keys) == len(cached.keys) and (places >= 0).all():
            return _sheet(cached, len(keys))
        deadline = time.monotonic() + SECONDS
        curves = self._curves(keys[places < 0].tolist(), deadline)
        low, high = (np.full(len(keys), np.nan) for _ in range(2))
        if cached is not None:
            low[places >= 0], high[places >= 0] = (
                cached.low[places[places >= 0]],
                cached.high[places[places >= 0]],
            )
        for at, key in enumerate(keys.tolist()):
            if key in curves and len(curves[key].x):
                low[at], high[at] = curves[key].x[0], curves[key].x[-1]
        columns = self._columns(low, high)
        if cached is not None and columns != cached.columns:
            # Rows in other columns are of no use; the curves themselves are likely in the cache.
            curves |= self._curves(keys[places >= 0].tolist(), deadline + SECONDS)
            places = np.full(len(keys), -1)
        complete = (places >= 0) | np.isin(keys, np.fromiter(curves, np.int64, len(curves)))
        table = np.full((len(keys), 0 if columns is None else columns.count), np.nan, dtype=np.float32)
        if columns is not None:
            if (places >= 0).any() and cached is not None:
                table[places >= 0] = cached.table[places[places >= 0]]
            fresh = np.flatnonzero((places < 0) & complete)
            for start in range(0, len(fresh), BATCH):
                some = fresh[start : start + BATCH]
                table[some] = columns.table([curves[key] for key in keys[some].tolist()])
        total = len(keys)
        cached = _CachedSheet(
            keys[complete], versions[complete], low[complete], high[complete], columns, table[complete]
        )
        cache.put(cache_key, cached, cached.table.nbytes + 32 * len(cached.keys))
        return _sheet(cached, total)

    def _versions(self) -> tuple[Ints, Ints]:
        """Return the keys of runs that have the metric, and that of the axis, ascending, with their versions."""
        versions: Mapping[int, int] = self.reader.versions
        if self.over is not None:
            both = versions.keys() & self.over.versions.keys()
            versions = {key: hash((versions[key], self.over.versions[key])) for key in both}
        keys = np.array(sorted(versions), dtype=np.int64)
        return keys, np.array([versions[key] for key in keys.tolist()], dtype=np.int64)

    def _curves(self, keys: Sequence[int], deadline: float) -> dict[int, Curve]:
        """Return curves over the x of the axis that could be read in time."""
        windows = self._windows(keys, deadline)
        curves = dict(self.reader.read(sorted(windows), deadline, windows, self.smoother))
        if self.smoother is not None:
            curves = {key: _smoothed(curve, self.smoother) for key, curve in curves.items()}
        if self.over is not None:
            xs = dict(self.over.read(sorted(curves), deadline, windows))
            return {key: _over(curves[key], x) for key, x in xs.items()}
        if self.axis.kind == "relative":
            runs = self.reader.runs
            return {
                key: Curve(curve.x.astype(np.float64) - runs[key].origin, curve.y)
                for key, curve in curves.items()
            }
        return curves

    def _windows(self, keys: Sequence[int], deadline: float) -> dict[int, Window]:
        """Return the parts of the runs' series between the ends of the axis; of runs that could be read in time."""
        low, high = part = self.axis.part
        if part == EVERYTHING:
            return dict.fromkeys(keys, WHOLE)
        if self.over is not None:
            return {key: Window(_steps(curve, part)) for key, curve in self.over.read(keys, deadline)}
        if self.axis.by_step:
            return dict.fromkeys(keys, Window(part))
        windows = {}
        for key in keys:
            origin = self.reader.runs[key].origin if self.axis.kind == "relative" else 0.0
            times = (None if low is None else low + origin, None if high is None else high + origin)
            windows[key] = Window(times=times)
        return windows

    def _columns(self, low: Floats, high: Floats) -> Columns | None:
        if not np.isfinite(low).any():
            return None
        first, last = self.axis.part
        lowest, highest = float(np.nanmin(low)), float(np.nanmax(high))
        lowest, highest = (
            lowest if first is None else max(first, lowest),
            highest if last is None else min(last, highest),
        )
        if lowest > highest:
            return None
        is_integer = self.axis.by_step and self.axis.metric is None
        return Columns.between(lowest, highest, self.axis.columns, is_integer=is_integer)


def _sheet(cached: _CachedSheet, total: int) -> Sheet:
    has_points = np.isfinite(cached.low)
    table = cached.table if has_points.all() else cached.table[has_points]
    return Sheet(cached.keys[has_points], cached.columns, table, total - len(cached.keys))


def _smoothed(curve: Curve, smoother: Smoother) -> Curve:
    finite = np.isfinite(curve.y)
    if curve.is_smooth or not finite.any():
        return curve
    x, y = curve.x[finite].astype(np.float64), curve.y[finite].astype(np.float64)
    samples = Samples(x, y, np.ones(len(x)) if curve.n is None else curve.n[finite])
    fitting = smoother.for_range(float(x[-1] - x[0]))
    return Curve(*fitting.apply(samples, -math.inf, math.inf, max(len(x), 4)))


def _steps(curve: Curve, part: Range) -> Range:
    """Return the steps between which a metric is in a range, with a point more on either side; None for an open side.

    A mean is that of points up to its step, and the values between two points count as well.
    """
    finite = np.isfinite(curve.y)
    steps, values = curve.x[finite], curve.y[finite]
    low, high = part
    inside = np.ones(max(len(values) - 1, 0), dtype=bool)
    if low is not None:
        inside &= np.maximum(values[:-1], values[1:]) >= low
    if high is not None:
        inside &= np.minimum(values[:-1], values[1:]) <= high
    at = np.flatnonzero(inside)
    if not len(at):
        return EVERYTHING if not len(steps) else (float(steps[0]), float(steps[0]))
    first, last = int(at[0]) - 1, int(at[-1]) + 2
    return (
        float(steps[first]) if first >= 0 else None,
        float(steps[last]) if last < len(steps) else None,
    )


def _over(curve: Curve, other: Curve) -> Curve:
    """Return a curve by step over the values of another metric at these steps."""
    finite = np.isfinite(other.y)
    values = AxisValues(other.x[finite].astype(np.int64), other.y[finite].astype(np.float64))
    return Curve(*values.over(curve.x, curve.y.astype(np.float64)))
