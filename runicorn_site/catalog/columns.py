"""Runs and points as columns for data frames and SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runicorn_site.catalog.entry import Figures, RunEntry, values_of
from runicorn_site.web.uniform import uniform
from runs.store.lazy_numpy import np
from runs.store.params import leaves

if TYPE_CHECKING:
    from metrics.store.lanes import Lane
    from metrics.store.points import Points

Columns = dict[str, list[Any]]
FIELDS = (
    *("id", "project", "name", "display_name", "group", "state", "status", "state_reason"),
    *("created_at", "started_at", "ended_at", "duration", "hostname", "owner", "tags", "description"),
    *("best_metric_name", "best_metric_value", "best_metric_step"),
)
"""Columns of every run, in their order."""
_UNKNOWN = Figures()


def columns_of_runs(entries: Sequence[RunEntry], figures: Sequence[str] = ("last", "best")) -> Columns:
    """Return the fields, `config.KEY`, `summary.KEY` and `metric.NAME.FIGURE` of runs; None where one has no value.

    Times are Unix seconds, see `with_times`.
    """
    columns: Columns = {field: list(map(attrgetter(field), entries)) for field in FIELDS}
    for part in ("config", "summary"):
        nested = [getattr(entry, part) for entry in entries]
        flat = [
            dict(leaves(values, "")) if dict in map(type, values.values()) else values for values in nested
        ]
        for key in _union(flat):
            columns[f"{part}.{key}"] = [values.get(key) for values in flat]
    for name in sorted(_union(entry.metrics for entry in entries)):
        of_runs = [entry.metrics.get(name, _UNKNOWN) for entry in entries]
        for figure in figures:
            columns[f"metric.{name}.{figure}"] = values_of(of_runs, figure)
    return {name: uniform(values) for name, values in columns.items()}


def columns_of_points(folder: Path, names: Sequence[str] | None) -> Columns:
    """Return `step`, `time` and a column for each metric of a run, a row for each step; the last value of a step counts.

    `time` is in Unix seconds, see `with_times`.

    Without named metrics all but `system/…`, which have a time and no step: they are there if they are named, by the
    number of their record. NaN and infinities are kept; None where a metric has no value at a step.

    Raises:
        OSError: the journal cannot be read.
    """
    # A tenth of a second that a frame of runs does not need.
    from metrics.store.lanes import Lane
    from runicorn_site.catalog.journal_curves import read_series

    series = {
        name: _by_step(points, lane)
        for name, (lane, points) in read_series(folder, list(names or ())).items()
        if names or lane is not Lane.SYSTEM
    }
    if not series:
        return {"step": [], "time": []}
    steps = np.unique(np.concatenate([keys for keys, _ in series.values()]))
    times = np.full(len(steps), np.nan)
    columns: Columns = {"step": steps.tolist(), "time": []}
    for name in names or sorted(series):
        if name not in series:
            continue
        keys, points = series[name]
        at = np.searchsorted(steps, keys)
        times[at] = np.fmax(times[at], points.time)
        cells = np.full(len(steps), None, dtype=object)
        cells[at] = np.array([*points.value.objects(), None], dtype=object)[:-1]
        columns[name] = cells.tolist()
    columns["time"] = times.tolist()
    return {name: uniform(values) for name, values in columns.items()}


def _union(mappings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the keys of all mappings in the order of their first appearance."""
    return list(dict.fromkeys(chain.from_iterable(mappings)))


def _by_step(points: Points, lane: Lane) -> tuple[Any, Points]:
    if lane.name == "METRIC":
        points = points.by_step().unshadowed()
        return points.step, points
    return points.row, points
