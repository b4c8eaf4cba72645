"""The metric that lists show for runs of which none was declared the primary one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from runs.models import Run, RunMetric
from runs.query.matches import Matches
from runs.store.metric_stats import best_of_row, mode_of
from runs.store.usual_metric import choose

MOST_EARLIER = 50
"""Earlier runs that are looked at if the newest one has no metrics yet."""


def fill(runs: Sequence[Run], sorted_by: str | None = None) -> None:
    """Give runs without a primary metric that of the newest of them in their project; the rows are not changed.

    One query reads the names of metrics of the newest run of each project, one those of some earlier ones where it has
    none yet, and one the values, so that a page of a list costs the same for any number of runs.

    Args:
        sorted_by: metric by which the list is sorted: runs that have it show it instead.
    """
    lacking: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: (run.created, run.pk), reverse=True):
        if not run.best_metric_name:
            lacking.setdefault(run.project, []).append(run)
    keys = _by_project({project: [run.pk for run in of_project] for project, of_project in lacking.items()})
    if not keys:
        return
    pks = [run.pk for run in chain.from_iterable(lacking.values())]
    rows = RunMetric.objects.filter(run__in=pks, key__in={*keys.values(), sorted_by or ""})
    values = {(row.run_id, row.key): row for row in rows}
    for run in chain.from_iterable(lacking.values()):
        row = values.get((run.pk, sorted_by or "")) or values.get((run.pk, keys.get(run.project, "")))
        if row is None or row.best is None:
            continue
        mode = mode_of(run, row.key)
        run.best_metric_name, run.best_metric_mode = row.key, mode
        run.best_metric_value, run.best_metric_step = best_of_row(row, mode)


def of_list(matches: Matches) -> tuple[str, str] | None:
    """Return the metric of the newest run without a primary one that has any, and whether its best is "max" or "min"."""
    # By key: the index of scores ends in it, and keys ascend with the ids of runs.
    lacking = matches.runs.filter(best_score=None, best_metric_name=None).order_by("-id")
    newest = list(
        lacking.only("pk", "metric_rules", "best_metric_name", "best_metric_mode")[: MOST_EARLIER + 1]
    )
    name = of_newest([run.pk for run in newest]) if newest else None
    return (name, mode_of(newest[0], name)) if name else None


def of_newest(runs: Sequence[int]) -> str | None:
    """Return the metric of the newest run that has any, by primary keys, the newest run first."""
    return _by_project({"": runs}).get("")


def _by_project(runs: Mapping[str, Sequence[int]]) -> dict[str, str]:
    """Return the metric of the newest run that has any, by project."""
    # The newest one of each project nearly always has some.
    names = _names([pks[0] for pks in runs.values()])
    metrics, others = {}, []
    for project, (newest, *older) in runs.items():
        if metric := choose(names.get(newest, [])):
            metrics[project] = metric
        else:
            others += [(project, older[:MOST_EARLIER])]
    earlier = _names([pk for _, pks in others for pk in pks]) if others else {}
    for project, pks in others:
        if metric := next((name for pk in pks if (name := choose(earlier.get(pk, [])))), None):
            metrics[project] = metric
    return metrics


def _names(runs: Sequence[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    for run, key in RunMetric.objects.filter(run__in=runs).values_list("run_id", "key"):
        names.setdefault(run, []).append(key)
    return names
