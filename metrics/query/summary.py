"""Summaries of the metrics of a run."""

from __future__ import annotations

from metrics.models import Journal, Series
from metrics.store.lanes import Lane
from runicorn.api.responses.experiments import MetricsSummary, StepRange
from runs.models import Run


def metrics_summary(run: Run) -> MetricsSummary:
    """Count the ingested points and list the metrics, without system metrics.

    `step_range` covers all lines with a step, and is omitted without any.
    """
    generation = Journal.objects.filter(run=run).values("generation")[:1]
    wanted = (Lane.ROWS, Lane.METRIC, Lane.STEPLESS)
    found = Series.objects.filter(run=run, generation=generation, lane__in=wanted)
    names: set[str] = set()
    summary = MetricsSummary(total_data_points=0, available_metrics=[])
    for lane, name, count, lowest, highest in found.values_list(
        "lane", "name", "count", "first_step", "top_step"
    ):
        if lane != Lane.ROWS:
            summary["total_data_points"] += count
            names.add(name)
        elif lowest is not None and highest is not None:
            summary["step_range"] = StepRange(min=lowest, max=highest)
    summary["available_metrics"] = sorted(names)
    return summary
