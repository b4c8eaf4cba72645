"""Series of many runs, and statistics of groups of runs.

The number of queries does not depend on the number of runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metrics.models import Journal, Series
from metrics.query import charts, groups, metric_axis
from metrics.query.charts import Resolution
from metrics.query.formulas.curves import formula_curves, smoothed
from metrics.query.limits import MOST_SERIES, check_size
from metrics.query.plan import EVERYTHING, Range, Window
from metrics.query.run_curves import Curve, CurveQuery, read_curves
from metrics.query.selection import Group, group_runs, start_of
from metrics.query.series import BY_STEP, BY_TIME
from metrics.query.series_view import view_of_several
from metrics.query.smoothing.smoother import Smoother
from metrics.query.values_at_steps import AxisValues, no_values
from metrics.store.columns import Floats
from runicorn.api.responses.metrics import (
    ComparedCurve,
    ComparedRun,
    RunGroup,
    SmoothedCurve,
    UntimedComparedSeries,
)
from runs.models import Run
from runs.services.selection import Selection


def compare_series(
    selection: Selection,
    names: Sequence[str] | None = None,
    points: int = 500,
    x: str = "step",
    step_range: Range | None = None,
    time_range: Range | None = None,
    group_by: str | None = None,
    smoother: Smoother | None = None,
    smoothed_only: bool = False,
    x_metric: str | None = None,
    band: bool = False,
    pixels: int | None = None,
) -> UntimedComparedSeries:
    """Return the series of all runs in columns, and of their groups; lists of numbers are NumPy arrays.

    Args:
        names: only these metrics; all by default.
        points: maximum number of points of each series and of positions of each group.
        x: "step", "time" in Unix seconds, or "relative": seconds since the start of each run.
        step_range: lowest and highest step, inclusive; None for an open side.
        time_range: the same in seconds for x="time" and x="relative".
        group_by: `config.<key>`, `group` or `tag`.
        smoother: adds the smoothed curves; the statistics of groups are then those of the smoothed curves.
        smoothed_only: leave out the points.
        x_metric: adds the value of this metric at each step, for x="step"; groups have it as x.
        band: adds range and mean of all points to downsampled curves of noise, which have a third of `points`.
        pixels: width of a chart, in place of `points`: a line through a curve is within a pixel of that of all points.

    Raises:
        rest_framework.exceptions.ValidationError: the response would be too large.
        metrics.query.series_view.JournalReplaced: a journal was replaced during the read; retry.
    """
    resolution = Resolution.of(points, pixels)
    by_step = x == "step"
    view, journals = view_of_several(
        selection.runs, BY_STEP if by_step else BY_TIME, names, limit=MOST_SERIES + 1
    )
    grouped = [] if group_by is None else group_runs(selection.runs, group_by)
    _refuse_too_much(view.series, grouped, resolution.points, per_point=4 if smoother else 2)
    origins = {run.pk: start_of(run) if x == "relative" else 0.0 for run in selection.runs}
    times = None if by_step else time_range or EVERYTHING
    windows = {row.pk: _window(step_range or EVERYTHING, times, origins[row.run_id]) for row in view.series}
    query = CurveQuery(by_step, resolution, windows, smoother, smoothed_only and smoother is not None, band)
    curves = read_curves(view, selection.runs, origins, query)
    curves += _formulas(selection.runs, names, origins, query, step_range or EVERYTHING, times)
    answer: UntimedComparedSeries = {
        "series": [_entry(curve, query) for curve in curves],
        "runs": [_run_entry(run, journals.get(run.pk)) for run in selection.runs],
        "missing": selection.missing,
    }
    values_by_run = None if x_metric is None else _axis_values(selection.runs, x_metric)
    if values_by_run is not None:
        of_runs = zip((curve.run.pk for curve in curves), answer["series"], strict=True)
        metric_axis.add(of_runs, values_by_run)
    if group_by is not None:
        answer["groups"] = [
            _group_entry(group, curves, by_step, resolution.points, values_by_run) for group in grouped
        ]
    return answer


def _formulas(
    runs: Sequence[Run],
    names: Sequence[str] | None,
    origins: dict[int, float],
    query: CurveQuery,
    steps: Range,
    times: Range | None,
) -> list[Curve]:
    """Return the curves of the formulas of the runs' projects."""
    # Runs begin at different times.
    parts = [runs] if query.by_step else [[run] for run in runs]
    computed = [
        curve
        for part in parts
        if part
        for curve in formula_curves(
            part,
            names,
            _window(steps, times, origins[part[0].pk]),
            by_step=query.by_step,
            points=query.resolution.to_read,
            exact=query.smoother is not None,
        )
    ]
    place = {run.pk: i for i, run in enumerate(runs)}
    computed.sort(key=lambda curve: (curve.series.name, place[curve.run.pk]))
    smooth: list[SmoothedCurve | None] = [None] * len(computed)
    if query.smoother is not None:
        points = query.resolution.of_smoothed
        smooth = [smoothed(curve, query.smoother, points, by_step=query.by_step) for curve in computed]
    return [
        Curve(curve.run, [curve.series], curve.points, curve.count, origins[curve.run.pk], smooth_curve)
        for curve, smooth_curve in zip(computed, smooth, strict=True)
    ]


def _window(steps: Range, times: Range | None, origin: float) -> Window:
    if times is None:
        return Window(steps)
    low, high = times
    return Window(steps, (None if low is None else low + origin, None if high is None else high + origin))


def _axis_values(runs: Sequence[Run], name: str) -> dict[int, AxisValues]:
    view, _ = view_of_several(runs, BY_STEP, [name], limit=MOST_SERIES + 1)
    return metric_axis.read(view, view.series)


def _entry(curve: Curve, query: CurveQuery) -> ComparedCurve:
    if curve.was_read:
        entry = charts.series_columns(
            curve.series,
            curve.points,
            curve.count,
            by_step=query.by_step,
            resolution=query.resolution,
            means=curve.means,
            compact=True,
        )
    else:
        entry = charts.statistics_only(curve.series)
    if curve.origin and curve.was_read:
        for columns in (entry, entry.get("band")):
            if columns is not None:
                x: Any = columns["x"]
                columns["x"] = x - curve.origin
    if curve.smoothed is not None:
        x = curve.smoothed["x"]
        entry["smoothed"] = {"x": x - curve.origin if curve.origin else x, "y": curve.smoothed["y"]}
    return {"id": curve.run.run_id, **entry}


def _group_entry(
    group: Group,
    curves: Sequence[Curve],
    by_step: bool,
    points: int,
    values_by_run: dict[int, AxisValues] | None,
) -> RunGroup:
    """Return the statistics of a group by metric, for metrics with any number; over the values of a metric, if given."""
    members = {run.pk for run in group.runs}
    by_name: dict[str, list[tuple[Floats, Floats]]] = {}
    for curve in curves:
        if curve.run.pk in members and curve.is_numeric and curve.has_points:
            x, y = curve.heights(by_step)
            if values_by_run is not None:
                x, y = (values_by_run.get(curve.run.pk) or no_values()).over(x, y)
            if len(x):
                by_name.setdefault(curve.series[0].name, []).append((x, y))
    is_integer = by_step and values_by_run is None
    return {
        "value": group.value,
        "ids": [run.run_id for run in group.runs],
        "series": [
            {
                "name": name,
                "runs": len(parts),
                **groups.group_statistics(parts, points, is_integer=is_integer),
            }
            for name, parts in by_name.items()
        ],
    }


def _run_entry(run: Run, journal: Journal | None) -> ComparedRun:
    return {
        "id": run.run_id,
        "project": run.project,
        "name": run.name,
        "status": run.status,
        **run.state_fields(),
        "started_at": start_of(run),
        "last_row": -1 if journal is None else journal.rows - 1,
        "generation": 0 if journal is None else journal.generation,
    }


def _refuse_too_much(series: Sequence[Series], grouped: Sequence[Group], points: int, per_point: int) -> None:
    """Check the size before any point is read; a series may have fewer points than allowed."""
    names: dict[int, set[str]] = {}
    for row in series:
        names.setdefault(row.run_id, set()).add(row.name)
    summed = sum(len(set().union(*(names.get(run.pk, set()) for run in group.runs))) for group in grouped)
    check_size(series, points, per_point=per_point, more=len(groups.COLUMNS) * summed * points)
