"""What the metrics show on the pages of the runs: charts, spark lines, and how far the ingest is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from metrics import panels, read, services
from runs.models import Run, StorageRoot

register = template.Library()


@register.inclusion_tag("metrics/_charts.html")
def chart_panel(run: Run) -> dict[str, Any]:
    """All charts of a run by group; their points are fetched when they are seen."""
    return {"groups": panels.chart_groups(run)}


@register.inclusion_tag("metrics/_progress.html")
def ingest_progress(root: StorageRoot) -> dict[str, Any]:
    """A line that says how far the store is listed and its metrics are taken in; nothing when all is done."""
    return {"backlog": services.backlog(root), "is_listed": root.listed_at is not None}


@register.simple_tag
def sparklines(runs: Iterable[Run]) -> dict[str, str]:
    """The outline of each run's primary metric by run id, for `spark`."""
    by_metric: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if run.best_metric_name:
            by_metric[run.best_metric_name].append(run)
    outlines: dict[str, str] = {}
    for name, some in by_metric.items():
        found = read.sparkline([run.pk for run in some], name)
        outlines |= {run.run_id: panels.outline(**found[run.pk]) for run in some if run.pk in found}
    return outlines


@register.simple_tag
def spark(outlines: dict[str, str], run: Run) -> SafeString:
    """The spark line of one run as a small picture; an empty place where there is none."""
    outline = outlines.get(run.run_id)
    if not outline:
        return SafeString('<span class="no-spark"></span>')
    return format_html('<svg class="spark" aria-hidden="true"><polyline points="{}"/></svg>', outline)
