"""Runs of a project that are nearest to a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runicorn.api.responses.differences import NearRun
from runicorn_tools.differences.nearest import nearest
from runs.active_root import active_root
from runs.models import Run, RunMetric

MOST_RUNS = 5000
"""Number of newest runs of a project that are compared."""
MOST_METRICS = 20


def near_runs(project: str, config: Mapping[str, Any], limit: int = 5, without: str = "") -> list[NearRun]:
    """Return the runs of a project nearest to a config, nearest first, with their end and best values.

    Args:
        without: id of a run that is left out.
    """
    runs = Run.objects.in_root(active_root()).live().filter(project=project).exclude(run_id=without).newest()
    configs = list(runs.values_list("pk", "config")[:MOST_RUNS])
    near = nearest(config, configs, limit)
    rows = {run.pk: run for run in Run.objects.filter(pk__in=[entry.run for entry in near])}
    metrics: dict[int, dict[str, float | None]] = {}
    for metric in RunMetric.objects.filter(run__in=rows).order_by("key"):
        of_run = metrics.setdefault(metric.run_id, {})
        if len(of_run) < MOST_METRICS:
            of_run[metric.key] = metric.best
    return [
        {
            "run_id": run.run_id,
            "project": run.project,
            "name": run.label,
            "distance": round(entry.distance, 6),
            "changed": entry.changed,
            "state": run.shown_state,
            "created_at": run.created,
            "metrics": metrics.get(run.pk, {}),
        }
        for entry in near
        if (run := rows.get(entry.run)) is not None  # type: ignore[call-overload]
    ]
