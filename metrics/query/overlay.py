"""Series of many runs, and statistics of groups of runs.

The number of queries does not depend on the number of runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metrics.models import Journal, Series
from metrics.query import along, charts, groups
from metrics.query.limits import MOST_SERIES, check_size
from metrics.query.plan import EVERYTHING, Range, Window
from metrics.query.selection import Group, group_runs, start_of
from metrics.query.series import BY_STEP, BY_TIME
from metrics.query.series_view import View, view_of_several
from metrics.query.smoothing.curves import smoothed
from metrics.query.smoothing.smoother import Smoother
from metrics.store.columns import Floats
from metrics.store.lanes import Lane
from metrics.store.points import Points
from runicorn.api.responses.metrics import (
    ComparedCurve,
    ComparedRun,
    RunGroup,
    SmoothedCurve,
    UntimedComparedSeries,
)
from runs.models import Run
from runs.services.selection import Selection


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one run: its points in the order of x, and their number before sampling."""

    run: Run
    series: list[Series]
    points: Points
    count: int
    origin: float
    smoothed: SmoothedCurve | None = None
    was_read: bool = True

    @property
    def is_numeric(self) -> bool:
        """Whether any value is a finite number."""
        return any(one.minimum is not None for one in self.series)

    @property
    def has_points(self) -> bool:
        """Whether the range contains any point."""
        return len(self.points) > 0 if self.smoothed is None else len(self.smoothed["x"]) > 0

    def heights(self, by_step: bool) -> tuple[Floats, Floats]:
        """Return the curve as (x, y), smoothed if requested."""
        if self.smoothed is not None:
            return np.asarray(self.smoothed["x"], float) - self.origin, np.asarray(self.smoothed["y"], float)
        x = self.points.step.astype(float) if by_step else self.points.time - self.origin
        return x, self.points.value.numbers()


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
) -> UntimedComparedSeries:
    """Return the series of all runs in columns, and of their groups; lists of numbers are NumPy arrays.

    Args:
        selection: the runs.
        names: only these metrics; all by default.
        points: maximum number of points of each series and of positions of each group.
        x: "step", "time" in Unix seconds, or "relative": seconds since the start of each run.
        step_range: lowest and highest step, inclusive; None for an open side.
        time_range: the same in seconds for x="time" and x="relative".
        group_by: `config.<key>`, `group` or `tag`.
        smoother: adds the smoothed curves; the statistics of groups are then those of the smoothed curves.
        smoothed_only: leave out the points.
        x_metric: adds the value of this metric at each step, for x="step".

    Raises:
        rest_framework.exceptions.ValidationError: the response would be too large.
        metrics.query.series_view.JournalReplaced: a journal was replaced during the read; retry.
    """
    by_step = x == "step"
    seen, journals = view_of_several(
        selection.runs, BY_STEP if by_step else BY_TIME, names, most=MOST_SERIES + 1
    )
    grouped = [] if group_by is None else group_runs(selection.runs, group_by)
    _refuse_too_much(seen.series, grouped, points, per_point=4 if smoother else 2)
    origins = {run.pk: start_of(run) if x == "relative" else 0.0 for run in selection.runs}

    windows = {one.pk: Window(step_range or EVERYTHING) for one in seen.series}
    if not by_step:
        for one in seen.series:
            low, high = time_range or EVERYTHING
            origin = origins[one.run_id]
            times = (None if low is None else low + origin, None if high is None else high + origin)
            windows[one.pk] = Window(step_range or EVERYTHING, times)
    reading = _Reading(by_step, points, windows, smoother, smoothed_only and smoother is not None)
    found = _curves(seen, _together(seen.series, selection.runs), origins, reading)
    answer: UntimedComparedSeries = {
        "series": [_entry(curve, by_step, points) for curve in found],
        "runs": [_run_entry(run, journals.get(run.pk)) for run in selection.runs],
        "missing": selection.missing,
    }
    if x_metric is not None:
        _add_along(selection.runs, x_metric, found, answer["series"])
    if group_by is not None:
        answer["groups"] = [_group_entry(one, found, by_step, points) for one in grouped]
    return answer


def _add_along(
    runs: Sequence[Run], name: str, found: Sequence[Curve], entries: Sequence[ComparedCurve]
) -> None:
    seen, _ = view_of_several(runs, BY_STEP, [name], most=MOST_SERIES + 1)
    values = along.read(seen, seen.series)
    along.add(((curve.run.pk, entry) for curve, entry in zip(found, entries, strict=True)), values)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How curves are read."""

    by_step: bool
    points: int
    windows: dict[int, Window]
    """By the id of the series."""
    smoother: Smoother | None
    smoothed_only: bool

    def window(self, one: Series) -> Window:
        return self.windows[one.pk]


def _curves(
    seen: View, together: Sequence[tuple[Run, list[Series]]], origins: dict[int, float], how: _Reading
) -> list[Curve]:
    smooth: list[SmoothedCurve | None] = [None] * len(together)
    if how.smoother is not None:
        metrics = [lanes for _, lanes in together]
        smooth = smoothed(seen, metrics, how.window, how.smoother, by_step=how.by_step, points=how.points)
    read = {}
    if not how.smoothed_only:
        read = charts.downsampled(seen, seen.series, how.window, by_step=how.by_step, points=how.points)
    found = []
    for (run, lanes), smooth_curve in zip(together, smooth, strict=True):
        of_lanes = [read[one.pk] for one in lanes if one.pk in read]
        ordered = charts.in_order(of_lanes, by_step=how.by_step)
        count = sum(one.count for one in of_lanes)
        found.append(Curve(run, lanes, ordered, count, origins[run.pk], smooth_curve, bool(of_lanes)))
    return found


def _together(series: Sequence[Series], runs: Sequence[Run]) -> list[tuple[Run, list[Series]]]:
    """Group the series that form one curve, by name and then in the order of the runs."""
    order = {run.pk: i for i, run in enumerate(runs)}
    lanes: dict[tuple[str, bool, int], list[Series]] = {}
    for one in series:
        lanes.setdefault((one.name, one.lane == Lane.SYSTEM, order[one.run_id]), []).append(one)
    return [(runs[place], lanes[name, system, place]) for name, system, place in sorted(lanes)]


def _entry(curve: Curve, by_step: bool, points: int) -> ComparedCurve:
    if curve.was_read:
        entry = charts.series_columns(curve.series, curve.points, curve.count, by_step=by_step, points=points)
    else:
        entry = charts.statistics_only(curve.series)
    if curve.origin and curve.was_read:
        x: Any = entry["x"]
        entry["x"] = x - curve.origin
    if curve.smoothed is not None:
        x = curve.smoothed["x"]
        entry["smoothed"] = {"x": x - curve.origin if curve.origin else x, "y": curve.smoothed["y"]}
    return {"id": curve.run.run_id, **entry}


def _group_entry(one: Group, found: Sequence[Curve], by_step: bool, points: int) -> RunGroup:
    """Return the statistics of a group by metric, for metrics with any number."""
    members = {run.pk for run in one.runs}
    by_name: dict[str, list[tuple[Floats, Floats]]] = {}
    for curve in found:
        if curve.run.pk in members and curve.is_numeric and curve.has_points:
            by_name.setdefault(curve.series[0].name, []).append(curve.heights(by_step))
    return {
        "value": one.value,
        "ids": [run.run_id for run in one.runs],
        "series": [
            {"name": name, "runs": len(parts), **groups.group_statistics(parts, points, whole=by_step)}
            for name, parts in by_name.items()
        ],
    }


def _run_entry(run: Run, journal: Journal | None) -> ComparedRun:
    return {
        "id": run.run_id,
        "project": run.project,
        "name": run.name,
        "status": run.status,
        "started_at": start_of(run),
        "last_row": -1 if journal is None else journal.rows - 1,
        "generation": 0 if journal is None else journal.generation,
    }


def _refuse_too_much(series: Sequence[Series], grouped: Sequence[Group], points: int, per_point: int) -> None:
    """Check the size before any point is read; a series may have fewer points than allowed."""
    names: dict[int, set[str]] = {}
    for one in series:
        names.setdefault(one.run_id, set()).add(one.name)
    summed = sum(len(set().union(*(names.get(run.pk, set()) for run in one.runs))) for one in grouped)
    check_size(series, points, per_point=per_point, more=len(groups.COLUMNS) * summed * points)
