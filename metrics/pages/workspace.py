"""Contexts of the panels beside the list of runs: charts, and tables that compare the runs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict, cast

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from metrics.ingest.catch_up import catch_up_several
from metrics.pages.boards import page_board
from metrics.pages.chart_order import metrics_of_list
from metrics.pages.comparison import (
    MOST_DIFFERENCES,
    MOST_METRICS,
    Row,
    chart_groups,
    config_rows,
    groupings,
    metric_rows,
    summary_rows,
)
from metrics.pages.panels import Group
from runicorn_site.web.actor import is_shared
from runs.models import Run
from runs.query import where_keys
from runs.query.analysis import importance
from runs.query.analysis.importance import KeyImportance
from runs.query.matches import Matches
from runs.query.where.parser import BadWhere

PATIENCE = 0.2
"""Seconds for ingesting the runs before the page is rendered; the page asks again for the rest."""


MOST_IMPORTANT, PANEL_TREES, PANEL_KEYS = 3, 30, 20


class ChartsContext(TypedDict):
    runs: Sequence[Run]
    groups: list[Group]
    groupings: list[tuple[str, str, int]]


class ConfigContext(TypedDict):
    runs: Sequence[Run]
    different: list[Row]
    left_out: int
    equal: list[Row]


class MetricsContext(TypedDict):
    runs: Sequence[Run]
    metrics: list[Row]
    summary: list[Row]


class HyperparametersContext(TypedDict):
    """Context of the plots of config values against a metric."""

    runs: Sequence[Run]
    different: list[Row]
    metrics: list[Row]
    values: str
    matter: list[KeyImportance]


class MediaContext(TypedDict):
    """Context of the grid of media, which the page fetches."""

    runs: Sequence[Run]


Context = ChartsContext | ConfigContext | MetricsContext | HyperparametersContext | MediaContext


def charts_panel(runs: Sequence[Run], preferred: Sequence[str] = ()) -> ChartsContext:
    """Return the charts by section, without points, and what the runs can be grouped by."""
    different, _ = config_rows(runs)
    return {"runs": runs, "groups": chart_groups(runs, preferred), "groupings": groupings(runs, different)}


def config_panel(runs: Sequence[Run]) -> ConfigContext:
    """Return the config keys that differ, and those that do not."""
    different, equal = config_rows(runs)
    left_out = max(0, len(different) - MOST_DIFFERENCES)
    return {"runs": runs, "different": different[:MOST_DIFFERENCES], "left_out": left_out, "equal": equal}


def metrics_panel(runs: Sequence[Run]) -> MetricsContext:
    """Return the best and last value of each metric, and the summaries."""
    return {"runs": runs, "metrics": metric_rows(runs)[:MOST_METRICS], "summary": summary_rows(runs)}


def hyperparameters_panel(runs: Sequence[Run]) -> HyperparametersContext:
    """Return the config keys that differ and the best values of the metrics, to be drawn against each other."""
    different, metrics = config_rows(runs)[0], metric_rows(runs)[:MOST_METRICS]
    ranked = ranked_keys(runs, metrics[0].key) if metrics else []
    place = {entry.key: i for i, entry in enumerate(ranked)}
    different = sorted(different, key=lambda row: place.get(row.key, len(place)))[:MOST_DIFFERENCES]
    values = {
        "runs": [run.run_id for run in runs],
        "config": {row.key: [_plain(cell.value) for cell in row.cells] for row in different},
        "metrics": {row.key: [_plain(cell.value) for cell in row.cells] for row in metrics},
    }
    return {
        "runs": runs,
        "different": different,
        "metrics": metrics,
        "values": json.dumps(values),
        "matter": [entry for entry in ranked[:MOST_IMPORTANT] if entry.importance > entry.std],
    }


def ranked_keys(runs: Sequence[Run], metric: str) -> list[KeyImportance]:
    """Return the config keys of some runs, most important first; none for few runs."""
    if len(runs) < importance.LEAST_RUNS:
        return []
    matches = Matches(runs[0].root, Run.objects.filter(pk__in=[run.pk for run in runs]))
    return importance.importance(matches, f"{metric}.best", trees=PANEL_TREES, most_keys=PANEL_KEYS)[0]


def media_panel(runs: Sequence[Run]) -> MediaContext:
    return {"runs": runs}


PANELS: Mapping[str, tuple[str, Callable[[Sequence[Run]], Context]]] = {
    "charts": ("metrics/workspace/_charts.html", charts_panel),
    "config": ("metrics/workspace/_config.html", config_panel),
    "metrics": ("metrics/workspace/_metrics.html", metrics_panel),
    "hyperparameters": ("metrics/workspace/_hyperparameters.html", hyperparameters_panel),
    "media": ("runs/workspace/_media.html", media_panel),
}
"""Template and context of each panel by its name in the address."""


def render_panel(
    name: str, runs: Sequence[Run], request: HttpRequest, sorts: Sequence[str] = (), where: str = ""
) -> SafeString:
    """Render a panel; the charts for an unknown name.

    Args:
        request: for the page, whose address names the board.
        sorts, where: sort keys and condition of the list; charts of their metrics are among the first.
    """
    catch_up_several(runs, wait=PATIENCE)
    template, context = PANELS.get(name, PANELS["charts"])
    if context is not charts_panel:
        return render_to_string(
            template, {**cast(dict[str, object], context(runs)), "shared": is_shared(request)}
        )
    charts = charts_panel(runs, _preferred_metrics(runs, sorts, where))
    return render_to_string(template, {**charts, "board": page_board(runs, request)})


def _preferred_metrics(runs: Sequence[Run], sorts: Sequence[str], where: str) -> list[str]:
    try:
        node = where_keys.parse(runs[0].root, where) if where and runs else None
    except BadWhere:
        node = None
    return metrics_of_list(sorts, node)


def _plain(value: float | str | None) -> float | str | None:
    """Return a config or metric value for JSON: texts of numbers as numbers, and no number that is not finite."""
    try:
        number = float("nan" if value is None else value)
    except ValueError:
        return value
    if math.isfinite(number):
        return number
    return value if isinstance(value, str) else None
