"""Contexts of the panels beside the list of runs: charts, and tables that compare the runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
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
from metrics.pages.hyperparameters import HyperparametersContext, hyperparameters
from metrics.pages.panels import Group
from metrics.pages.verdicts import address_of
from metrics.query.monotone_metrics import monotone_metrics
from runicorn.store.project import analysis
from runicorn_site.web.actor import is_shared
from runs.active_root import active_root
from runs.models import Run, StorageRoot
from runs.pages.table.baseline import Baselines, are_visible
from runs.pages.table.baseline_comparison import BaselineComparison
from runs.pages.table.rows import matching
from runs.pages.table.state import CHARTS, TableState
from runs.query import where_keys
from runs.query.analysis.answers import baseline_runs
from runs.query.matches import Matches
from runs.query.where.parser import BadWhere

PATIENCE = 0.2
"""Seconds for ingesting the runs before the page is rendered; the page asks again for the rest."""

HYPERPARAMETERS = "hyperparameters"


class ChartsContext(TypedDict):
    runs: Sequence[Run]
    groups: list[Group]
    groupings: list[tuple[str, str, int]]
    monotone_metrics: list[str]
    project: str
    baseline: str
    """Ids of the runs of the project's baseline, separated by commas, or `BASELINE`; empty without one."""


class ConfigContext(TypedDict):
    runs: Sequence[Run]
    different: list[Row]
    left_out: int
    equal: list[Row]


class MetricsContext(TypedDict):
    runs: Sequence[Run]
    metrics: list[Row]
    summary: list[Row]


class MediaContext(TypedDict):
    """Context of the grid of media, which the page fetches."""

    runs: Sequence[Run]


Context = ChartsContext | ConfigContext | MetricsContext | MediaContext


def charts_panel(
    runs: Sequence[Run], preferred: Sequence[str] = (), request: HttpRequest | None = None
) -> ChartsContext:
    """Return the charts by section, without points, and what the runs can be grouped by.

    Without a request, or by a link that does not show its runs, there is no baseline.
    """
    different, _ = config_rows(runs)
    projects = {run.project for run in runs}
    project = projects.pop() if len(projects) == 1 else ""
    return {
        "runs": runs,
        "groups": chart_groups(runs, preferred),
        "groupings": groupings(runs, different),
        "monotone_metrics": monotone_metrics(runs),
        "project": project,
        "baseline": _baseline(runs[0].root, project, request) if project and request else "",
    }


def _baseline(root: StorageRoot, project: str, request: HttpRequest) -> str:
    run_ids = analysis.read(Path(root.path), project)["baseline"]
    runs = baseline_runs(root, run_ids) if run_ids else []
    if not are_visible(request, runs):
        return ""
    return address_of(runs, request)


def config_panel(runs: Sequence[Run]) -> ConfigContext:
    """Return the config keys that differ, and those that do not."""
    different, equal = config_rows(runs)
    left_out = max(0, len(different) - MOST_DIFFERENCES)
    return {"runs": runs, "different": different[:MOST_DIFFERENCES], "left_out": left_out, "equal": equal}


def metrics_panel(runs: Sequence[Run]) -> MetricsContext:
    """Return the best and last value of each metric, and the summaries."""
    return {"runs": runs, "metrics": metric_rows(runs)[:MOST_METRICS], "summary": summary_rows(runs)}


def media_panel(runs: Sequence[Run]) -> MediaContext:
    return {"runs": runs}


PANELS: Mapping[str, tuple[str, Callable[[Sequence[Run]], Context]]] = {
    "charts": ("metrics/workspace/_charts.html", charts_panel),
    "config": ("metrics/workspace/_config.html", config_panel),
    "metrics": ("metrics/workspace/_metrics.html", metrics_panel),
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
    if name == HYPERPARAMETERS:
        return render_to_string(
            "metrics/workspace/_hyperparameters.html",
            {**_hyperparameters(request), "shared": is_shared(request)},
        )
    catch_up_several(runs, wait=PATIENCE)
    template, context = PANELS.get(name, PANELS["charts"])
    if context is not charts_panel:
        values = cast(dict[str, object], context(runs))
        if context is metrics_panel:
            values["comparisons"] = _comparisons(runs, request)
        return render_to_string(template, {**values, "shared": is_shared(request)})
    charts = charts_panel(runs, _preferred_metrics(runs, sorts, where), request)
    return render_to_string(template, {**charts, "board": page_board(runs, request)})


def _comparisons(runs: Sequence[Run], request: HttpRequest) -> list[BaselineComparison | None]:
    """Return how each run compares with the baseline of its project; nothing without a baseline."""
    if not runs:
        return []
    comparisons = Baselines(runs[0].root, TableState(layout=CHARTS), request).of_runs(runs)
    return [comparisons.get(run.pk) for run in runs] if comparisons else []


def _hyperparameters(request: HttpRequest) -> HyperparametersContext:
    """Return the context of the plots of all runs that the list in the address has."""
    root, state = active_root(), TableState.read(request.GET)
    try:
        matches = matching(root, state)
    except BadWhere:
        matches = Matches(root, Run.objects.none())
    return hyperparameters(matches, dict(state.charts).get("metric", ""))


def _preferred_metrics(runs: Sequence[Run], sorts: Sequence[str], where: str) -> list[str]:
    try:
        projects = {run.project for run in runs}
        node = where_keys.parse(runs[0].root, where, *projects) if where and runs else None
    except BadWhere:
        node = None
    return metrics_of_list(sorts, node)
