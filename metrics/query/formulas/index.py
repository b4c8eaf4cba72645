"""Statistics of formulas as rows of metrics, so that runs are sorted, found and grouped by them.

A row is computed when a query names the formula, and again when its metrics have more points or the formula is another
one: `count` is the number of points of these metrics then, and `minimum_step`, which a formula does not have, its digest.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db import DatabaseError
from django.db.models import Count, Sum
from rest_framework.exceptions import ValidationError

from metrics.ingest.catch_up import catch_up_several
from metrics.query.formulas.curves import MOST_POINTS, formula_curves
from metrics.query.formulas.definitions import digest, formulas_of, projects_with_formulas
from metrics.query.plan import WHOLE
from metrics.query.series_view import JournalReplaced
from runicorn_site.web.conditional import depends_on
from runicorn_tools.analysis import formulas
from runicorn_tools.analysis.formulas import Node
from runs.index.metric_index import VALUES
from runs.models import Run, RunMetric, StorageRoot
from runs.query import counts
from runs.store.metric_stats import MetricStats, best_by, mode_of
from runs.store.sanitize import number

SECONDS = 3.0
"""Time that a request computes rows; a later one continues."""
AT_ONCE = 200

logger = logging.getLogger(__name__)


class _Stale(NamedTuple):
    """A run whose row is missing or old."""

    run: int
    points: int


def prepare(root: StorageRoot, names: Collection[str]) -> None:
    """Compute the missing and old rows of formulas, newest runs first, for at most `SECONDS`."""
    deadline = time.monotonic() + SECONDS
    projects = projects_with_formulas(root.path)
    depends_on(lambda: projects_with_formulas(root.path) == projects, suffices=False)
    for project in projects:
        for name, tree in formulas_of(root.path, project).items():
            if name not in names:
                continue
            try:
                _fill(root, project, name, tree, deadline)
            except (DatabaseError, JournalReplaced, ValidationError) as error:
                logger.warning("Formula %s of %s was not computed: %s", name, project, error)


def forget(root: StorageRoot, project: str, name: str) -> None:
    """Delete the rows of a formula that was changed or deleted; those of a metric of that name stay."""
    runs = Run.objects.filter(root=root, project=project)
    # A row of a logged metric has a step.
    RunMetric.objects.filter(root=root, key=name, last_step=None, run__in=runs.values("pk")).delete()
    counts.changed(root)


def _fill(root: StorageRoot, project: str, name: str, tree: Node, deadline: float) -> None:
    stale = _stale(root, project, name, tree)
    for start in range(0, len(stale), AT_ONCE):
        if time.monotonic() > deadline:
            logger.info("%d runs of formula %s are left", len(stale) - start, name)
            return
        _compute(root, name, digest(tree), stale[start : start + AT_ONCE])


def _stale(root: StorageRoot, project: str, name: str, tree: Node) -> list[_Stale]:
    inputs, mark = formulas.metrics(tree), digest(tree)
    rows = RunMetric.objects.filter(root=root, run__project=project, run__deleted=None)
    complete = rows.filter(key__in=inputs).order_by().values("run_id")
    totals = complete.annotate(points=Sum("count"), inputs=Count("key")).filter(inputs=len(inputs))
    current: dict[int, tuple[int, int | None]] = defaultdict(lambda: (-1, None))
    of_another = False
    for run, count, step, of in rows.filter(key=name).values_list(
        "run_id", "count", "last_step", "minimum_step"
    ):
        if step is not None or of == mark:
            current[run] = count, step
        elif of is not None:
            of_another = True
    if of_another:  # A missing value is better than one of a formula that an editor or a sync has replaced.
        forget(root, project, name)
    return sorted(
        (
            _Stale(run, points)
            for run, points in totals.values_list("run_id", "points")
            if current[run][0] != points and current[run][1] is None
        ),
        reverse=True,
    )


def _compute(root: StorageRoot, name: str, mark: int, stale: Sequence[_Stale]) -> None:
    points = {entry.run: entry.points for entry in stale}
    runs = list(Run.objects.filter(pk__in=points))
    for run in runs:
        run.root = root
    catch_up_several([run for run in runs if run.summarized_bytes is not None])
    curves = formula_curves(runs, [name], WHOLE, by_step=True, points=4, most=MOST_POINTS)
    by_run = {curve.run.pk: curve.series for curve in curves}
    rows = []
    for run in runs:
        series = by_run.get(run.pk)
        row = RunMetric(root=root, run=run, key=name, count=points[run.pk], minimum_step=mark)
        if series is not None:
            stats = MetricStats.of(series)
            row.last, row.last_special = number(stats.last), stats.last_special
            row.minimum, row.maximum = number(stats.minimum), number(stats.maximum)
            row.best = best_by(row, mode_of(run, name))[0]
        rows.append(row)
    RunMetric.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["run", "key"], update_fields=VALUES
    )
