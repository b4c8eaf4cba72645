"""Curves of formulas: their points, statistics and smoothed curves.

A formula that is monotone in one metric is computed from that metric's downsampled points, which have its extremes; any
other one from all points, tile by tile where its metrics were logged at the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from rest_framework.exceptions import ValidationError

from metrics.models import Series
from metrics.query import charts
from metrics.query.formulas.definitions import formulas_of
from metrics.query.formulas.evaluate import Track, evaluate
from metrics.query.formulas.tiles import derived_curve
from metrics.query.plan import WHOLE, Window
from metrics.query.series_view import View, view_of_several
from metrics.query.smoothing.kernels import Samples
from metrics.query.smoothing.smoother import Smoother
from metrics.store.columns import FLOAT, Floats
from metrics.store.lanes import Lane
from metrics.store.points import Points, no_points
from runicorn.api.responses.metrics import SmoothedCurve
from runicorn_tools.analysis import formulas
from runicorn_tools.analysis.formulas import Call, Metric, Node
from runs.models import Run
from runs.store.lazy_numpy import np

MOST_POINTS = 4_000_000
"""Points of all metrics of a formula that are read at once: some 130 MB."""
MOST_CURVES = 2000
LANES = (Lane.METRIC, Lane.STEPLESS, Lane.SYSTEM)
LIMIT = 20_000
"""Series that are looked up."""


@dataclass(frozen=True, slots=True)
class FormulaCurve:
    """A formula of one run.

    Attributes:
        series: a row that is not stored, with name and statistics over all points.
        points: in the order of x.
        count: number of points in the window before sampling.
    """

    run: Run
    series: Series
    points: Points
    count: int


def formula_curves(
    runs: Sequence[Run],
    names: Iterable[str] | None,
    window: Window,
    *,
    by_step: bool,
    points: int,
    most: int | None = None,
    exact: bool = False,
) -> list[FormulaCurve]:
    """Return the curves of formulas of runs that have all metrics of them, by name and then in the order of the runs.

    A run that logged a metric of the formula's name has only that.

    Args:
        names: only these formulas; all of each run's project by default.
        points: maximum number of points of a curve.
        exact: evaluate all points, where they are not more than `MOST_POINTS`: smoothing needs them.
        most: leave out curves that need more points than this; by default they are an error above `MOST_POINTS`.

    Raises:
        ValidationError: a formula needs too many points.
        metrics.query.series_view.JournalReplaced: a journal was replaced during the read.
    """
    trees = _trees(runs, None if names is None else set(names))
    if not trees:
        return []
    inputs = {metric for _, _, tree in trees for metric in formulas.metrics(tree)}
    own = {name for name, _, _ in trees}
    view, _ = view_of_several(runs, LANES, sorted(inputs | own), limit=LIMIT)
    logged = {(row.run_id, row.name) for row in view.series}
    rows: dict[int, dict[str, Series]] = {}
    for row in view.series:
        if row.lane == Lane.METRIC:
            rows.setdefault(row.run_id, {})[row.name] = row
    curves = []
    for name, place, tree in sorted(trees, key=lambda entry: entry[:2])[:MOST_CURVES]:
        run = runs[place]
        of_run = rows.get(run.pk, {})
        if (run.pk, name) in logged or (most is not None and not _is_small(tree, of_run, most)):
            continue
        try:
            curve = _curve(view, run, name, tree, of_run, window, by_step, points, exact)
        except ValidationError:
            # Of a monotone formula that is undefined at the extremes of a long metric, all points are needed after all.
            if most is None:
                raise
            continue
        if curve is not None:
            curves.append(curve)
    return curves


def _trees(runs: Sequence[Run], requested: set[str] | None) -> list[tuple[str, int, Node]]:
    """Return name, place of the run, and tree of each formula."""
    of_project = {
        project: formulas_of(root, project)
        for root, project in {(run.root.path, run.project) for run in runs}
    }
    return [
        (name, place, tree)
        for place, run in enumerate(runs)
        for name, tree in of_project[run.project].items()
        if requested is None or name in requested
    ]


def _is_small(tree: Node, rows: Mapping[str, Series], most: int) -> bool:
    counts = [rows[metric].count for metric in formulas.metrics(tree) if metric in rows]
    return formulas.varying(tree) is not None or sum(counts) <= most


def _curve(
    view: View,
    run: Run,
    name: str,
    tree: Node,
    rows: Mapping[str, Series],
    window: Window,
    by_step: bool,
    points: int,
    exact: bool,
) -> FormulaCurve | None:
    inputs = formulas.metrics(tree)
    if any(metric not in rows or rows[metric].minimum is None for metric in inputs):
        return None
    scalars = _Scalars(view, rows)
    metric = formulas.varying(tree)
    is_short = sum(rows[metric].count for metric in inputs) <= MOST_POINTS
    if exact and is_short:
        metric = None
    if metric is not None and (ends := _ends(tree, metric.name, rows[metric.name], scalars)):
        row = rows[metric.name]
        curve = charts.downsampled(view, [row], window, by_step=by_step, points=points)[row.pk]
        part = evaluate(tree, {metric.name: Track.of(curve.points)}, scalars)
        if isinstance(part, Track):
            together = part.to_points() if by_step else part.to_points().by_time()
            last = evaluate(tree, {metric.name: _single(row.last)}, scalars)
            formula_row = _row(run, name, row.count, ends, last)
            return FormulaCurve(run, formula_row, together, curve.count)
    if not (exact and is_short):
        of_inputs = [rows[metric] for metric in inputs]
        derived = derived_curve(view, tree, of_inputs, scalars, scalars.of(tree), window, points)
        if derived is not None:
            row = _row(run, name, derived.total, (derived.low, derived.high), derived.last)
            ordered = derived.points if by_step else derived.points.by_time()
            return FormulaCurve(run, row, ordered, derived.count)
    track = whole_track(view, tree, [rows[metric] for metric in inputs], scalars)
    if track is None:
        return None
    everything = track.to_points()
    finite = track.values[np.isfinite(track.values)]
    extremes = (float(finite.min()), float(finite.max())) if len(finite) else (None, None)
    inside = window.pick(everything)
    together = inside if by_step else inside.by_time()
    last_value = float(track.values[-1]) if len(track.values) else None
    row = _row(run, name, len(everything), extremes, last_value)
    return FormulaCurve(run, row, together, len(inside))


def whole_track(view: View, tree: Node, rows: Sequence[Series], scalars: _Scalars) -> Track | None:
    """Return a formula at all points, None without any that varies.

    Raises:
        ValidationError: there are too many points.
    """
    count = sum(row.count for row in rows)
    if count > MOST_POINTS:
        raise ValidationError(
            {"names": [f"This formula needs {count:,} points; at most {MOST_POINTS:,} are read at once"]}
        )
    curve_by_series = charts.downsampled(view, rows, WHOLE, by_step=True, points=max(count, 4))
    tracks = {row.name: Track.of(curve_by_series[row.pk].points.by_step().unshadowed()) for row in rows}
    part = evaluate(tree, tracks, scalars)
    return part if isinstance(part, Track) else None


class _Scalars:
    """Values of functions of whole metrics, from their rows."""

    def __init__(self, view: View, rows: Mapping[str, Series]) -> None:
        self._view, self._rows = view, rows

    def of(self, tree: Node) -> tuple[float, ...]:
        """Return the values of all functions of whole metrics in a formula."""
        calls = [
            part
            for part in formulas.parts(tree)
            if isinstance(part, Call) and part.function in formulas.SCALARS
        ]
        pairs = [(call.function, call.arguments[0]) for call in calls]
        return tuple(self(function, metric.name) for function, metric in pairs if isinstance(metric, Metric))

    def __call__(self, function: str, metric: str) -> float:
        row = self._rows[metric]
        if function == "first":
            steps = (row.first_step, row.first_step)
            curve = charts.downsampled(self._view, [row], Window(steps), by_step=True, points=4)[row.pk]
            numbers = curve.points.by_step().unshadowed().value.numbers()
            return float(numbers[0]) if len(numbers) else math.nan
        value = {"last": row.last, "min": row.minimum, "max": row.maximum}[function]
        return math.nan if value is None else float(value)


def _ends(tree: Node, name: str, row: Series, scalars: _Scalars) -> tuple[float, float] | None:
    """Return the extremes of a monotone formula, None if it is not defined at those of its metric."""
    values = [evaluate(tree, {name: _single(value)}, scalars) for value in (row.minimum, row.maximum)]
    numbers = [float(part.values[0]) if isinstance(part, Track) else part for part in values]
    return (min(numbers), max(numbers)) if all(map(math.isfinite, numbers)) else None


def _single(value: float | None) -> Track:
    return Track(no_points(), np.array([math.nan if value is None else value]))


def _row(
    run: Run, name: str, count: int, ends: tuple[float | None, float | None], last: Track | float | None
) -> Series:
    number = float(last.values[0]) if isinstance(last, Track) else last
    is_finite = number is not None and math.isfinite(number)
    return Series(
        run=run,
        lane=Lane.METRIC,
        name=name,
        kinds=FLOAT,
        count=count,
        minimum=ends[0],
        maximum=ends[1],
        last=number if is_finite else None,
        last_special=None if is_finite or number is None else str(number),
    )


def smoothed(curve: FormulaCurve, smoother: Smoother, points: int, *, by_step: bool) -> SmoothedCurve | None:
    """Return the smoothed curve of the points of a formula, None without finite values."""
    x: Floats = curve.points.step.astype(float) if by_step else curve.points.time
    y = curve.points.value.numbers()
    finite = np.isfinite(y)
    if not finite.any():
        return None
    samples = Samples(x[finite], y[finite], np.ones(int(finite.sum())))
    width = float(samples.x[-1] - samples.x[0])
    smooth = smoother.for_range(width).apply(samples, -math.inf, math.inf, points)
    # NumPy arrays, which orjson serializes as lists.
    return cast(SmoothedCurve, {"x": smooth[0], "y": smooth[1]})
