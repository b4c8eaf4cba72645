"""Curves of a page file, in the columns that the routes of series have: thinned, with bands, smoothed curves, and other metrics as x."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Required, TypedDict

from metrics.query import bands, downsample
from metrics.query.smoothing.kernels import Samples
from metrics.query.smoothing.smoother import Method, Smoother, Unit
from metrics.query.values_at_steps import AxisValues
from metrics.store.columns import BOOL, FLOAT, INT, TEXT, Index, ascending
from metrics.store.lanes import Lane
from metrics.store.means import counted
from metrics.store.points import Points
from runs.store.lazy_numpy import np

BYTES_OF_POINT, BYTES_OF_VALUE = 60, 12
BAND_EVERY = 3
"""Points of a thinned curve per edge of its band."""
DECADES, SHARE_OF_DECADE = 6, 16
"""Tenths of tenths of a thinned curve with points of their own, for logarithmic axes, and their share of all points."""
DIGITS, TIME_DIGITS = 9, 6


class Smoothing(TypedDict, total=False):
    """A smoothing as a board has it; see `metrics.query.smoothing.smoother.Smoother`."""

    method: Required[Method]
    weight: float
    half_life: float
    window: float
    sigma: float
    unit: Unit


class SmoothedColumns(TypedDict, total=False):
    """A smoothed curve; `x` and `along` as in `EmbeddedColumns`."""

    smoothing: Smoothing
    x: list[float]
    y: list[float | None]
    along: dict[str, list[float | None]]


class EmbeddedColumns(TypedDict, total=False):
    """A curve by step or by time: points, band and smoothed curves.

    `x` are steps, or seconds since the origin of the file; `along` the values of other metrics at them, by name.
    """

    count: int
    x: list[float]
    y: list[float | None]
    special: list[tuple[int, str]]
    stages: list[tuple[int, Any]]
    back: list[int]
    band: dict[str, Any]
    smoothed: list[SmoothedColumns]
    along: dict[str, list[float | None]]


class EmbeddedCurve(TypedDict, total=False):
    """One curve. `times` has `x`, that of the band and smoothed curves alone if the points are those of `steps`."""

    run: int
    kind: str
    labels: list[str]
    steps: EmbeddedColumns
    times: EmbeddedColumns


@dataclass(frozen=True)
class ChartOptions:
    """What charts show beside points by step.

    Attributes:
        metrics: names of their metrics; None for all.
        x: metric that is their x axis, or "".
        smoothing: as a board has it, or None.
    """

    metrics: Collection[str] | None
    x: str = ""
    smoothing: Smoothing | None = None


def options_for(name: str, charts: Iterable[ChartOptions]) -> tuple[list[str], list[Smoothing]]:
    """Return the metrics that are x axes of charts of a metric, and their smoothings."""
    own = [chart for chart in charts if chart.metrics is None or name in chart.metrics]
    axes = dict.fromkeys(chart.x for chart in own if chart.x)
    smoothings: list[Smoothing] = []
    for chart in own:
        if chart.smoothing is not None and chart.smoothing not in smoothings:
            smoothings.append(chart.smoothing)
    return list(axes), smoothings


def bytes_of(axes: int, smoothings: int) -> int:
    """Return about how many bytes a point of a curve needs with so many x axes and smoothings."""
    return BYTES_OF_POINT + axes * BYTES_OF_VALUE + smoothings * (4 + axes) * BYTES_OF_VALUE


def embedded_curve(
    run: int,
    lane: Lane,
    points: Points,
    most: int,
    origin: float,
    along: Mapping[str, AxisValues],
    smoothings: Sequence[Smoothing],
) -> EmbeddedCurve:
    """Return a curve of at most `most` points and those of its beginning.

    Args:
        along: metrics that are x axes.
        origin: Unix seconds from which times are counted.
    """
    by_time = points.by_time()
    curve: EmbeddedCurve = {"run": run, "kind": _kind(points)}
    if points.value.kind == TEXT and len(points.value.labels) <= most:
        curve["labels"] = list(points.value.labels)
    if lane is not Lane.METRIC:
        curve["times"] = _columns(by_time, most, smoothings, origin=origin)
        return curve
    by_step = points.by_step().unshadowed()
    at, edges = _sampled(by_step, most, by_step.step.astype(np.float64))
    curve["steps"] = _columns(by_step, most, smoothings, along=along, at=at, edges=edges)
    if len(by_step) == len(by_time) and bool((by_step.row == by_time.row).all()):
        curve["times"] = {"x": _places(by_step.time[at], origin)}
        if "band" in curve["steps"]:
            curve["times"]["band"] = {"x": _places(by_step.time[edges], origin)}
        if smoothings:
            curve["times"]["smoothed"] = _smoothed(by_time, most, smoothings, {}, origin)
    else:
        # A resumed run: by time it goes back.
        curve["times"] = _columns(by_time, most, smoothings, origin=origin)
        curve["times"]["back"] = _back(by_time, most)
    return curve


def _columns(
    points: Points,
    most: int,
    smoothings: Sequence[Smoothing],
    *,
    along: Mapping[str, AxisValues] | None = None,
    origin: float | None = None,
    at: Index | None = None,
    edges: Index | None = None,
) -> EmbeddedColumns:
    """Return points in the order of x: steps, or with an origin times."""
    x = points.step.astype(np.float64) if origin is None else points.time
    if at is None or edges is None:
        at, edges = _sampled(points, most, x)
    values, sampled = points.value, points.value.select(at)
    heights = sampled.heights().tolist()
    odd = ~np.isfinite(sampled.heights()) & sampled.where(FLOAT)
    columns: EmbeddedColumns = {
        "count": len(points),
        "x": _places(x[at], origin),
        "y": [rounded(height) for height in heights],
        "special": [(i, str(heights[i])) for i in np.flatnonzero(odd).tolist()],
    }
    stages = points.stage.select(at)
    if stages.mask():
        names = [None if _is_odd(name) else name for name in stages.objects()]
        columns["stages"] = [(i, name) for i, name in enumerate(names) if i == 0 or name != names[i - 1]]
    if len(at) < len(points) and _has_mean(points):
        band: Any = bands.band(x, values.numbers(), edges, x, counted(points))
        bands.shorten(band)
        columns["band"] = {name: _numbers(band[name]) for name in ("low", "high", "mean")}
        columns["band"]["x"] = _places(x[edges], origin)
        if bands.is_noise(values.numbers()[at]):
            columns["band"]["noise"] = True
    if along:
        columns["along"] = {name: _numbers(metric.at(x[at])) for name, metric in along.items()}
        if "band" in columns:
            columns["band"]["along"] = {name: _numbers(metric.at(x[edges])) for name, metric in along.items()}
    if smoothings:
        columns["smoothed"] = _smoothed(points, most, smoothings, along or {}, origin)
    return columns


def _sampled(points: Points, most: int, x: Any) -> tuple[Index, Index]:
    """Return the positions of the points to show, and of the edges of their band."""
    heights = points.value.heights()
    at = downsample.curve(x, heights, most)
    if len(at) == len(x):
        return at, at
    parts, count = [at], len(x)
    for _ in range(DECADES):
        count = int(np.searchsorted(x, x[0] + (x[count - 1] - x[0]) / 10, side="right"))
        parts.append(downsample.curve(x[:count], heights[:count], max(4, most // SHARE_OF_DECADE)))
        if len(parts[-1]) == count:
            break
    at = ascending(np.concatenate(parts))
    edges = ascending(np.append(downsample.interval_starts(x, most // BAND_EVERY), len(x) - 1))
    return at, edges


def _back(points: Points, most: int) -> list[int]:
    """Return the positions among the shown points at which the steps of a resumed run go back."""
    steps = points.step[_sampled(points, most, points.time)[0]]
    back: list[int] = (np.flatnonzero(steps[1:] < steps[:-1]) + 1).tolist()
    return back


def _smoothed(
    points: Points,
    most: int,
    smoothings: Sequence[Smoothing],
    along: Mapping[str, AxisValues],
    origin: float | None,
) -> list[SmoothedColumns]:
    numbers = points.value.numbers()
    finite = np.isfinite(numbers)
    if not finite.any():
        return []
    x = points.step.astype(np.float64) if origin is None else points.time
    width = float(x[-1] - x[0])
    samples = Samples(x[finite], numbers[finite], np.broadcast_to(1.0, int(finite.sum())))
    curves = []
    for smoothing in smoothings:
        smoother = Smoother(**smoothing).for_range(width)
        places, values = smoother.apply(samples, -math.inf, math.inf, most)
        curve = SmoothedColumns(smoothing=smoothing, x=_places(places, origin), y=_numbers(values))
        if along:
            curve["along"] = {name: _numbers(metric.at(places)) for name, metric in along.items()}
        curves.append(curve)
    return curves


def _kind(points: Points) -> str:
    mask = points.value.mask()
    if mask & TEXT:
        return "text" if mask == TEXT else "mixed"
    return {INT: "int", BOOL: "bool"}.get(mask, "float")


def _has_mean(points: Points) -> bool:
    return _kind(points) in ("float", "int")


def _is_odd(value: Any) -> bool:
    """Return whether a value is a number that JSON does not have."""
    return isinstance(value, float) and not math.isfinite(value)


def _places(x: Any, origin: float | None) -> list[float]:
    """Return steps, or with an origin seconds since it."""
    places: list[float] = (
        x.astype(np.int64).tolist() if origin is None else np.round(x - origin, TIME_DIGITS).tolist()
    )
    return places


def _numbers(values: Any) -> list[float | None]:
    return [rounded(value) for value in np.asarray(values, dtype=float).tolist()]


def rounded(value: float) -> float | int | None:
    """Return a value as JSON can have it; whole numbers keep all digits."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else float(f"{value:.{DIGITS}g}")
