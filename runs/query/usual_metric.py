"""The metric that lists show for runs of which none was declared the primary one."""

from __future__ import annotations

from collections.abc import Sequence

from runs.models import Run, RunMetric
from runs.store.metric_stats import best_by, mode_of
from runs.store.usual_metric import choose


def fill(runs: Sequence[Run]) -> None:
    """Give runs without a primary metric that of the newest of them in their project; the rows are not changed.

    One query reads the names of metrics of one run of each project, and one the values, so that a page of a list costs
    the same for any number of runs.
    """
    lacking = [run for run in runs if not run.best_metric_name]
    newest = {run.project: run.pk for run in sorted(lacking, key=lambda run: (run.created, run.pk))}
    if not newest:
        return
    names: dict[int, list[str]] = {}
    for run_id, key in RunMetric.objects.filter(run__in=newest.values()).values_list("run_id", "key"):
        names.setdefault(run_id, []).append(key)
    chosen = {project: choose(names.get(pk, [])) for project, pk in newest.items()}
    keys = {project: key for project, key in chosen.items() if key}
    if not keys:
        return
    rows = RunMetric.objects.filter(run__in=[run.pk for run in lacking], key__in=set(keys.values()))
    values = {(row.run_id, row.key): row for row in rows}
    for run in lacking:
        row = values.get((run.pk, keys.get(run.project, "")))
        if row is None or row.best is None:
            continue
        mode = mode_of(run, row.key)
        run.best_metric_name, run.best_metric_mode = row.key, mode
        run.best_metric_value, run.best_metric_step = best_by(row, mode)
