"""Statistics of formulas as rows of metrics, so that runs are sorted, found and grouped by them.

A row is computed when a query names the formula or a page shows it, and again when its metrics have more points or the
formula is another one: `count` is the number of points of these metrics then, and `definitions.COMPUTED` tells such rows
from those of logged metrics.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db import DatabaseError
from django.db.models import Count, Sum
from rest_framework.exceptions import ValidationError

from metrics.ingest import summaries
from metrics.models import Journal
from metrics.query.formulas import progress
from metrics.query.formulas.curves import MOST_POINTS, formula_curves
from metrics.query.formulas.definitions import COMPUTED, digest, formulas_of, projects_with_formulas
from metrics.query.formulas.full_resolution import compute, stats_of
from metrics.query.formulas.progress import Unfinished
from metrics.query.plan import WHOLE
from metrics.query.series_view import JournalReplaced
from runicorn_tools.analysis import formulas
from runicorn_tools.analysis.formulas import Node
from runs.index.metric_index import VALUES
from runs.models import Run, RunMetric, StorageRoot
from runs.query import counts
from runs.store.metric_stats import MetricStats, best_by, mode_of
from runs.store.sanitize import number

SECONDS, PAGE_SECONDS = 0.5, 1.0
"""Time that a request computes rows of all runs, and of those that it shows; the background continues with all."""
AT_ONCE, SLOW_AT_ONCE = 100, 10
"""Runs whose rows are written together, and of those that are ingested: one of them may have millions of points."""

logger = logging.getLogger(__name__)


class _Stale(NamedTuple):
    """A run whose row is missing or old."""

    run: int
    points: int


def prepare(root: StorageRoot, names: Collection[str], runs: Collection[int] | None = None) -> None:
    """Compute the missing and old rows of formulas, newest runs first, for a short time.

    Args:
        runs: primary keys of the only runs to compute; all of the projects by default.
    """
    begun = {(entry.project, entry.name) for entry in progress.unfinished(root)}
    for project in projects_with_formulas(root.path):
        for name, tree in formulas_of(root.path, project).items():
            if name in names:
                # The background continues what was begun; where another server has it, requests do.
                seconds = PAGE_SECONDS if runs is not None else 0.0 if (project, name) in begun else SECONDS
                _try_to_fill(root, project, name, tree, time.monotonic() + seconds, runs)


def work_off(root: StorageRoot, seconds: float, stop: threading.Event) -> bool:
    """Compute rows that requests have left, for about so many seconds; return whether any are left."""
    deadline = time.monotonic() + seconds
    for entry in progress.unfinished(root):
        tree = formulas_of(root.path, entry.project).get(entry.name)
        if tree is None:
            progress.note(root, entry._replace(left=0))
        elif not stop.is_set():
            _try_to_fill(root, entry.project, entry.name, tree, deadline)
    return bool(progress.unfinished(root))


def forget(root: StorageRoot, project: str, name: str) -> None:
    """Delete the rows of a formula that was changed or deleted; those of a metric of that name stay."""
    runs = Run.objects.filter(root=root, project=project)
    RunMetric.objects.filter(COMPUTED, root=root, key=name, run__in=runs.values("pk")).delete()
    counts.invalidate(root)


def _try_to_fill(
    root: StorageRoot,
    project: str,
    name: str,
    tree: Node,
    deadline: float,
    runs: Collection[int] | None = None,
) -> None:
    try:
        _fill(root, project, name, tree, deadline, runs)
    except (DatabaseError, JournalReplaced, ValidationError) as error:
        logger.warning("Formula %s of %s was not computed: %s", name, project, error)
        progress.note(root, Unfinished(project, name, 0, 0))


def _fill(
    root: StorageRoot, project: str, name: str, tree: Node, deadline: float, runs: Collection[int] | None
) -> None:
    stale, total = _stale(root, project, name, tree, runs)
    pending: Sequence[_Stale] = stale
    if runs is None and len(stale) > AT_ONCE:
        # Before the first rows are written: they wake the background.
        progress.note(root, Unfinished(project, name, total, len(pending)))
    try:
        # The first ones in any case: a page asks again for the others.
        while pending and (len(pending) == len(stale) or time.monotonic() < deadline):
            pending = _compute(root, name, tree, pending)
    finally:
        if runs is None:
            progress.note(root, Unfinished(project, name, total, len(pending)))


def _stale(
    root: StorageRoot, project: str, name: str, tree: Node, only: Collection[int] | None
) -> tuple[list[_Stale], int]:
    """Return the runs to compute, newest first, and the number of all that have the metrics of a formula."""
    inputs, mark = formulas.metrics(tree), digest(tree)
    rows = RunMetric.objects.filter(root=root, run__project=project, run__deleted=None)
    if only is not None:
        rows = rows.filter(run__in=only)
    complete = rows.filter(key__in=inputs).order_by().values("run_id")
    totals = complete.annotate(points=Sum("count"), inputs=Count("key")).filter(inputs=len(inputs))
    logged: set[int] = set()
    current: dict[int, int] = {}
    of_another = False
    of_name = rows.filter(key=name).annotate(is_computed=COMPUTED)
    for run, points, of, is_computed in of_name.values_list("run_id", "count", "minimum_step", "is_computed"):
        if not is_computed:
            logged.add(run)
        elif of == mark:
            current[run] = points
        else:
            of_another = True
    if of_another:  # A missing value is better than one of a formula that an editor or a sync has replaced.
        forget(root, project, name)
        current = {}
    complete_runs = [
        (run, points) for run, points in totals.values_list("run_id", "points") if run not in logged
    ]
    stale = (_Stale(run, points) for run, points in complete_runs if current.get(run) != points)
    return sorted(stale, reverse=True), len(complete_runs)


def _compute(root: StorageRoot, name: str, tree: Node, stale: Sequence[_Stale]) -> Sequence[_Stale]:
    """Write the rows of the first runs; return those that are left."""
    first = stale[:AT_ONCE]
    fields = (*summaries.FIELDS, "project", "status", "summarized_bytes")
    runs = Run.objects.filter(pk__in=[entry.run for entry in first]).only(*fields)
    by_key = {run.pk: run for run in runs}
    offsets = dict(Journal.objects.filter(run__in=by_key).values_list("run_id", "offset"))
    statistics: dict[int, MetricStats] = {}
    ingested: list[Run] = []
    for at, entry in enumerate(first):
        if len(ingested) == SLOW_AT_ONCE:
            first = first[:at]
            break
        run = by_key.get(entry.run)
        if run is None:  # removed meanwhile
            continue
        run.root = root
        if offsets.get(run.pk, -1) >= (run.summarized_bytes or 0):
            ingested.append(run)
        elif (stats := _of_journal(run, name, tree)) is not None:
            statistics[run.pk] = stats
    curves = formula_curves(ingested, [name], WHOLE, by_step=True, points=4, most=MOST_POINTS)
    statistics |= {curve.run.pk: MetricStats.of(curve.series) for curve in curves}
    rows = []
    for entry in first:
        if (run := by_key.get(entry.run)) is None:
            continue
        row = RunMetric(root=root, run=run, key=name, count=entry.points, minimum_step=digest(tree))
        if (stats := statistics.get(run.pk)) is not None:
            row.last, row.last_special = number(stats.last), stats.last_special
            row.minimum, row.maximum = number(stats.minimum), number(stats.maximum)
            row.best = best_by(row, mode_of(run, name))[0]
        rows.append(row)
    RunMetric.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["run", "key"], update_fields=VALUES
    )
    return stale[len(first) :]


def _of_journal(run: Run, name: str, tree: Node) -> MetricStats | None:
    """Return the statistics of a formula of a summarized run, whose points are only in its journal."""
    series = summaries.series_of(run, formulas.metrics(tree))
    curve = compute(series, {name: tree}).get(name)
    return None if curve is None else stats_of(curve[1])
