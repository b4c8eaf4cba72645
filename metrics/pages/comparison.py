"""Compare runs: differences of their configs, and the statistics of each metric side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from metrics.models import Series
from metrics.pages.panels import SHOWN, Curve, Group, formula_charts, grouped, over_step_metrics
from metrics.query.selection import CONFIG, GROUP, TAG
from metrics.store.lanes import Lane
from runicorn_site.web.natural_sort import natural
from runicorn_site.web.templatetags.ui import figure
from runs.models import Run, RunMetric
from runs.query.analysis.metric_values import Definitions
from runs.store.metric_stats import best_by, mode_by_name, mode_of
from runs.store.params import flatten

MOST_DIFFERENCES, MOST_METRICS = 200, 200


@dataclass(frozen=True, slots=True)
class Cell:
    value: Any
    is_best: bool = False
    also: float | None = None
    exact: str = ""
    """The value with all of its digits."""


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    cells: list[Cell]
    hint: str = ""


def config_rows(runs: Sequence[Run]) -> tuple[list[Row], list[Row]]:
    """Return the config keys whose values differ, and those whose values are the same."""
    flat = [flatten(run.config) for run in runs]
    different, equal = [], []
    for key in sorted(set().union(*flat), key=natural):
        values = [params[key].text if key in params else None for params in flat]
        if len(set(values)) > 1:
            numbers = [params[key].number if key in params else None for params in flat]
            different.append(Row(key, _config_cells(values, numbers)))
        else:
            equal.append(Row(key, [Cell(values[0])]))
    return different, equal


def _config_cells(values: Sequence[str | None], numbers: Sequence[float | None]) -> list[Cell]:
    """Return cells whose numbers are as short as everywhere else, unless different ones would then look alike."""
    short = [
        value if number is None else figure(number) for value, number in zip(values, numbers, strict=True)
    ]
    texts = short if len(set(short)) == len(set(values)) else values
    return [Cell(text, exact=value or "") for text, value in zip(texts, values, strict=True)]


def metric_rows(runs: Sequence[Run]) -> list[Row]:
    """Return the best and last value of each metric for each run, primary metrics first.

    If neither the script nor the metric's name says what is better, there is only the last one: a learning rate has no best.
    """
    metrics_by_key: dict[str, dict[int, RunMetric]] = {}
    for metric in RunMetric.objects.filter(run__in=runs):
        metrics_by_key.setdefault(metric.key, {})[metric.run_id] = metric
    primary = {run.best_metric_name for run in runs}
    definitions = Definitions(
        {
            "metric_rules": run.metric_rules,
            # Not that of the run, which may have been filled in from its usual metric.
            "best_metric_name": run.summary.get("best_metric_name"),
            "best_metric_mode": run.best_metric_mode,
        }
        for run in runs
    )
    rows = []
    for key in sorted(
        metrics_by_key, key=lambda key: (key not in primary, -len(metrics_by_key[key]), natural(key))
    ):
        ends = [metrics_by_key[key].get(run.pk) for run in runs]
        rows.append(_metric_row(key, ends, definitions.goal(key).direction))
    return rows


def _metric_row(key: str, ends: Sequence[RunMetric | None], direction: str) -> Row:
    lasts = [None if end is None else end.last for end in ends]
    if direction == "unknown":
        return Row(key, [Cell(last) for last in lasts], _("last"))
    values = [None if end is None else best_by(end, direction)[0] for end in ends]
    best = _best(values, direction)
    cells = [Cell(value, _same(value, best), last) for value, last in zip(values, lasts, strict=True)]
    return Row(key, cells, _("lowest") if direction == "min" else _("highest"))


def summary_rows(runs: Sequence[Run]) -> list[Row]:
    """Return the values of the summaries; the best is marked if the key says what is better."""
    flat = [flatten(run.summary) for run in runs]
    rows = []
    for key in sorted(set().union(*flat), key=natural):
        params = [summary.get(key) for summary in flat]
        numbers = [None if param is None else param.number for param in params]
        mode = "min" if mode_by_name(key) == "min" else _direction(runs, key)
        best = _best(numbers, mode) if mode else None
        cells = [
            Cell(None if param is None else number if number is not None else param.text, _same(number, best))
            for param, number in zip(params, numbers, strict=True)
        ]
        rows.append(Row(key, cells))
    return rows[:MOST_METRICS]


def chart_groups(runs: Sequence[Run], preferred: Sequence[str] = ()) -> list[Group]:
    """One chart for each metric that any of the runs has; `preferred` metrics follow the primary ones."""
    series = Series.objects.filter(
        run__in=runs,
        generation=F("run__journal__generation"),
        lane__in=SHOWN,
    )
    names_and_lanes = series.values_list("name", "lane").distinct().order_by("name", "lane")
    lanes: dict[str, int] = {}
    for name, lane in names_and_lanes:
        lanes.setdefault(name, lane)
    curves = [Curve.of(name, time_only=lane != Lane.METRIC) for name, lane in lanes.items()]
    curves += formula_charts(runs, {curve.name for curve in curves if not curve.time_only})
    primary = {run.best_metric_name or "" for run in runs}
    return grouped(over_step_metrics(curves, runs), primary=primary, preferred=preferred)


def groupings(runs: Sequence[Run], different: Iterable[Row]) -> list[tuple[str, str, int]]:
    """Return the choices for grouping the runs: (parameter, label, number of groups).

    A key with a different value in every run is left out, unless there are only two runs.
    """
    tags = {tag for run in runs for tag in run.tags}
    names = {run.group for run in runs}
    choices = [(GROUP, _("group"), len(names))] if names != {""} else []
    choices += [(TAG, _("tag"), len(tags) + 1)] if tags else []
    for row in different:
        values = {cell.value for cell in row.cells}
        if len(values) < len(row.cells) or len(runs) < 3:
            choices.append((f"{CONFIG}{row.key}", row.key, len(values)))
    return choices


def _direction(runs: Sequence[Run], key: str) -> str | None:
    """Return the direction of a key that is a primary metric of any run, or whose best value they share."""
    for run in runs:
        if run.best_metric_name == key:
            return mode_of(run, key)
    shared = {run.best_metric_name for run in runs}
    if key == "best_metric_value" and len(shared) == 1 and (name := shared.pop()):
        return mode_of(runs[0], name)
    return None


def _best(values: Sequence[float | None], mode: str) -> float | None:
    """The best of at least two values that are not all the same."""
    there = {value for value in values if value is not None}
    if len(there) < 2:
        return None
    return min(there) if mode == "min" else max(there)


def _same(number: float | None, best: float | None) -> bool:
    return number is not None and number == best
