"""Panels of metrics on the pages of runs: charts, sparklines, and the progress of the ingest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from metrics.ingest import catch_up
from metrics.pages import panels, workspace
from metrics.pages.boards import page_board
from metrics.pages.verdicts import address_of, baseline_beside
from metrics.query.formulas.progress import Unfinished, unfinished
from metrics.query.monotone_metrics import monotone_metrics
from metrics.query.progress import progress
from runicorn.api.responses.metrics import RunProgress
from runicorn.store import layout
from runicorn_site.web.conditional import is_not_remembered
from runicorn_site.web.readable import current
from runs.models import Run, StorageRoot

register = template.Library()

PATIENCE = 0.2
"""Seconds for ingesting the journal of a run before its page is rendered."""


class ChartPanel(TypedDict):
    """Context of `metrics/_charts.html`."""

    groups: list[panels.Group]
    problems: list[str]
    running: bool
    board: str
    monotone_metrics: list[str]
    """Metrics that only grow."""
    project: str
    baseline: str
    """Ids of the runs that the run is compared with, separated by commas, or `baseline` if they are too many."""


class ChangedPanel(TypedDict):
    """Context of the place of the card that says what changed."""

    run: Run
    shared: bool


class ProgressPanel(TypedDict):
    """Context of the progress of a run."""

    running: bool
    progress: RunProgress | None


class IngestPanel(TypedDict):
    backlog: catch_up.Backlog
    read_bytes: int
    is_listed: bool


class FormulaPanel(TypedDict):
    formulas: list[Unfinished]


@register.inclusion_tag("metrics/differences/_changed.html", takes_context=True)
def what_changed(context: Context, run: Run) -> ChangedPanel:
    """Render the place of the card that says what changed; the page fetches the card."""
    return {"run": run, "shared": bool(context.get("shared"))}


@register.inclusion_tag("metrics/_charts.html", takes_context=True)
def chart_panel(context: Context, run: Run) -> ChartPanel:
    """Render the charts of a run by group; the page fetches their points when they become visible.

    The journal is ingested first, for at most `PATIENCE`; the page requests the rest.
    """
    catch_up.catch_up(run, wait=PATIENCE)
    running = run.status == layout.RUNNING
    return {
        "groups": panels.chart_groups(run),
        "problems": panels.problems(run),
        "running": running,
        "board": page_board([run], context["request"]),
        "monotone_metrics": monotone_metrics([run]),
        "project": run.project,
        "baseline": str(context.get("baseline", "")),
    }


@register.simple_tag(takes_context=True)
def baseline_ids(context: Context, run: Run) -> str:
    """Return the baseline of a run's project for the addresses of its charts; empty if the run is not compared with it."""
    return address_of(baseline_beside(run, context["request"]), context["request"])


@register.simple_tag(takes_context=True)
def workspace_panel(
    context: Context, runs: Sequence[Run], name: str, sorts: Sequence[str] = (), where: str = ""
) -> SafeString:
    """Render a panel beside the list of runs: `charts`, `config`, `metrics`, `hyperparameters` or `media`."""
    return workspace.render_panel(name, runs, context["request"], sorts, where)


@register.inclusion_tag("metrics/_run_progress.html")
def run_progress(run: Run) -> ProgressPanel:
    """Render the progress of a running run whose config has a total."""
    running = run.status == layout.RUNNING
    return {"running": running, "progress": progress(run) if running else None}


@register.inclusion_tag("metrics/_progress.html")
def ingest_progress(root: StorageRoot) -> IngestPanel:
    """Render the progress of indexing and ingesting the store; nothing when it is complete."""
    # The cached row is as old as the process.
    is_listed = StorageRoot.objects.filter(pk=root.pk, listed_at__isnull=False).exists()
    backlog = catch_up.backlog(root)
    return {
        "backlog": backlog,
        "read_bytes": backlog["total_bytes"] - backlog["bytes"],
        "is_listed": is_listed,
    }


@register.inclusion_tag("metrics/_formula_progress.html")
def formula_progress(root: StorageRoot, project: str) -> FormulaPanel:
    """Render how far the formulas are that are being computed for the runs of a project, or of all that are readable."""
    entries = [
        entry for entry in unfinished(root) if entry.project in current() and project in ("", entry.project)
    ]
    if entries:  # what the background has done changes no row that the page depends on
        is_not_remembered()
    return {"formulas": entries}


@register.simple_tag
def sparklines(runs: Iterable[Run]) -> dict[int, str]:
    """Return the sparkline of each run's primary metric, for `spark`."""
    return panels.sparklines({run.pk: run.best_metric_name for run in runs if run.best_metric_name})


@register.simple_tag
def spark(outlines: dict[int, str], run: Run) -> SafeString:
    outline = outlines.get(run.pk)
    if not outline:
        return SafeString('<span class="no-spark"></span>')
    return format_html('<svg class="spark" aria-hidden="true"><polyline points="{}"/></svg>', outline)
