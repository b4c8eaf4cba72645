"""Series of many runs, and statistics of groups of runs.

The number of queries does not depend on the number of runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metrics.models import Journal, Series
from metrics.query import charts, groups
from metrics.query.limits import MOST_SERIES, check_size
from metrics.query.plan import EVERYTHING, Range, Window
from metrics.query.selection import Group, Selection, group_runs, start_of
from metrics.query.series import BY_STEP, BY_TIME
from metrics.query.series_view import view_of_several
from metrics.store.columns import Floats
from metrics.store.lanes import Lane
from metrics.store.points import Points
from runicorn.api.responses.metrics import ComparedCurve, ComparedRun, RunGroup, UntimedComparedSeries
from runs.models import Run


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one run: its points in the order of x, and their number before sampling."""

    run: Run
    series: list[Series]
    points: Points
    count: int
    origin: float

    @property
    def is_numeric(self) -> bool:
        """Whether any value is a finite number."""
        return any(one.minimum is not None for one in self.series)

    def heights(self, by_step: bool) -> tuple[Floats, Floats]:
        """Return the curve as (x, y)."""
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
) -> UntimedComparedSeries:
    """Return the series of all runs in columns, and of their groups; lists of numbers are NumPy arrays.

    Args:
        selection: the runs.
        names: only these metrics; all by default.
        points: maximum number of points of each series and of positions of each group.
        x: "step", "time" in Unix seconds, or "relative": seconds since the start of each run.
        step_range: lowest and highest step, inclusive; None for an open side.
        time_range: the same in seconds for x="time" and x="relative".
        group_by: `config.<key>` or `tag`.

    Raises:
        rest_framework.exceptions.ValidationError: the response would be too large.
        metrics.query.series_view.JournalReplaced: a journal was replaced during the read; retry.
    """
    by_step = x == "step"
    seen, journals = view_of_several(
        selection.runs, BY_STEP if by_step else BY_TIME, names, most=MOST_SERIES + 1
    )
    grouped = [] if group_by is None else group_runs(selection.runs, group_by)
    _refuse_too_much(seen.series, grouped, points)
    origins = {run.pk: start_of(run) if x == "relative" else 0.0 for run in selection.runs}

    def window(one: Series) -> Window:
        if by_step:
            return Window(step_range or EVERYTHING)
        low, high = time_range or EVERYTHING
        origin = origins[one.run_id]
        times = (None if low is None else low + origin, None if high is None else high + origin)
        return Window(step_range or EVERYTHING, times)

    read = charts.downsampled(seen, seen.series, window, by_step=by_step, points=points)
    found = []
    for run, lanes in _together(seen.series, selection.runs):
        of_lanes = [read[one.pk] for one in lanes]
        ordered = charts.in_order(of_lanes, by_step=by_step)
        found.append(Curve(run, lanes, ordered, sum(one.count for one in of_lanes), origins[run.pk]))
    answer: UntimedComparedSeries = {
        "series": [_entry(curve, by_step, points) for curve in found],
        "runs": [_run_entry(run, journals.get(run.pk)) for run in selection.runs],
        "missing": selection.missing,
    }
    if group_by is not None:
        answer["groups"] = [_group_entry(one, found, by_step, points) for one in grouped]
    return answer


def _together(series: Sequence[Series], runs: Sequence[Run]) -> list[tuple[Run, list[Series]]]:
    """Group the series that form one curve, by name and then in the order of the runs."""
    order = {run.pk: i for i, run in enumerate(runs)}
    lanes: dict[tuple[str, bool, int], list[Series]] = {}
    for one in series:
        lanes.setdefault((one.name, one.lane == Lane.SYSTEM, order[one.run_id]), []).append(one)
    return [(runs[place], lanes[name, system, place]) for name, system, place in sorted(lanes)]


def _entry(curve: Curve, by_step: bool, points: int) -> ComparedCurve:
    entry = charts.series_columns(curve.series, curve.points, curve.count, by_step=by_step, points=points)
    if curve.origin:
        x: Any = entry["x"]
        entry["x"] = x - curve.origin
    return {"id": curve.run.run_id, **entry}


def _group_entry(one: Group, found: Sequence[Curve], by_step: bool, points: int) -> RunGroup:
    """Return the statistics of a group by metric, for metrics with any number."""
    members = {run.pk for run in one.runs}
    by_name: dict[str, list[tuple[Floats, Floats]]] = {}
    for curve in found:
        if curve.run.pk in members and curve.is_numeric and len(curve.points):
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


def _refuse_too_much(series: Sequence[Series], grouped: Sequence[Group], points: int) -> None:
    """Check the size before any point is read; a series may have fewer points than allowed."""
    names: dict[int, set[str]] = {}
    for one in series:
        names.setdefault(one.run_id, set()).add(one.name)
    summed = sum(len(set().union(*(names.get(run.pk, set()) for run in one.runs))) for one in grouped)
    check_size(series, points, more=len(groups.COLUMNS) * summed * points)
