"""Runs that a block names, or that match its conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from runicorn.store import layout
from runicorn.store.project import analysis
from runicorn_site.documents.options import BlockProblem, Options
from runicorn_site.web.readable import current
from runs.models import Run, RunMetric, RunQuerySet, StorageRoot
from runs.query import ordering, where_keys
from runs.query.find import find_runs
from runs.query.matches import Matches
from runs.services.selection import select_runs
from runs.store.metric_stats import mode_of
from runs.store.params import flatten

OPTIONS = ("runs", "where", "project", "sort", "limit")
ALL = "*"
LATEST, BEST, BASELINE = "latest", "best:", "@baseline"
LISTED = 4


def matching(options: Options, root: StorageRoot, project: str) -> Matches:
    """Return the runs of the project of a block that satisfy its condition.

    Raises:
        runs.query.where.parser.BadWhere: it is malformed.
    """
    name = options.text("project", project)
    where = options.text("where")
    of_project = None if name == ALL else name
    node = where_keys.parse(root, where, of_project) if where else None
    return find_runs(root, project=of_project, where=node)


def selected(options: Options, root: StorageRoot, project: str, default: int, most: int) -> list[Run]:
    """Return the runs of a block: those that it names, else the newest, or the first by `sort`, that match.

    Args:
        project: that of the document.
        default, most: number of runs without a `limit`, and its greatest value.

    Raises:
        BlockProblem: a name is that of no run or of several, or no run matches.
        runs.query.where.parser.BadWhere: the condition is malformed.
    """
    limit = options.number("limit", default, most)
    names = options.texts("runs")
    if names:
        ids = dict.fromkeys(run_id for name in names for run_id in _resolve(name, root, project))
        runs = select_runs(root, list(ids)[:most]).runs
    else:
        matches = matching(options, root, project)
        try:
            keys = ordering.parse_keys(options.text("sort")) if options.text("sort") else []
            if keys:
                (order, desc), *then = keys
                runs = ordering.Ordered(matches, order, desc=desc, then=then)[:limit]
            else:
                runs = list(matches.runs.newest()[:limit])
        except ValidationError as error:
            raise BlockProblem(_("sort: {problem}").format(problem=_sentence(error))) from error
    for run in runs:
        run.root = root
    if not runs:
        raise BlockProblem(_("No run matches."))
    return runs


def labels(runs: Sequence[Run]) -> dict[str, str]:
    """Return the labels of runs by their ids; those of one name with the config values in which they differ, or the id."""
    by_label = Counter(run.label for run in runs)
    flat = {run.run_id: flatten(run.config) for run in runs}
    keys = sorted(set().union(*flat.values()))
    texts = {key: [config[key].text if key in config else "" for config in flat.values()] for key in keys}
    different = [key for key in keys if len(set(texts[key])) > 1]
    several = {}
    for run in runs:
        config = flat[run.run_id]
        parts = [f"{key.rpartition('.')[2]} {config[key].text}" for key in different if key in config]
        several[run.run_id] = f"{run.label} ({', '.join(parts[:3])})" if parts else run.label
    is_distinct = len(set(several.values())) == len(several)
    return {
        run.run_id: run.label
        if by_label[run.label] == 1
        else several[run.run_id]
        if is_distinct
        else f"{run.label} ({run.run_id[-6:]})"
        for run in runs
    }


def _sentence(error: ValidationError) -> str:
    detail = error.detail
    first = next(iter(detail.values())) if isinstance(detail, dict) else detail
    return str(first[0] if isinstance(first, list) else first)


def _resolve(name: str, root: StorageRoot, project: str) -> list[str]:
    """Return the ids of a name: an id, its unique beginning, a unique name, `latest`, `best:METRIC` or `@baseline`."""
    if layout.is_run_id(name):
        if not select_runs(root, [name]).runs:
            raise BlockProblem(_("Run not found: {name}").format(name=name))
        return [name]
    place, slash, word = name.partition("/")
    if not slash or name.startswith(BEST) or not (word in (LATEST, BASELINE) or word.startswith(BEST)):
        place, word = project, name
    runs = Run.objects.in_root(root).live()
    of_project = runs.filter(project=place)
    if word == LATEST:
        ids = list(of_project.newest().values_list("run_id", flat=True)[:1])
    elif word == BASELINE:
        ids = list(analysis.read(Path(root.path), place)["baseline"]) if place in current() else []
    elif word.startswith(BEST):
        ids = _best(of_project, root, word.removeprefix(BEST))
    else:
        ids = _beginning(runs, of_project, name)
    if not ids:
        raise BlockProblem(_("Run not found: {name}").format(name=name))
    return ids


def _beginning(runs: RunQuerySet, of_project: RunQuerySet, name: str) -> list[str]:
    ids = list(runs.filter(run_id__startswith=name).values_list("run_id", flat=True)[: LISTED + 1])
    named = of_project.filter(Q(name=name) | Q(display_name=name)).newest()
    ids = ids or list(named.values_list("run_id", flat=True)[: LISTED + 1])
    if len(ids) > 1:
        raise BlockProblem(
            _("{name} may be {ids}: give more of the id.").format(name=name, ids=", ".join(ids[:LISTED]))
        )
    return ids


def _best(runs: RunQuerySet, root: StorageRoot, metric: str) -> list[str]:
    rows = RunMetric.objects.filter(root=root, key=metric, run__in=runs).exclude(best=None)
    newest = rows.order_by("-run__created").select_related("run").first()
    if newest is None:
        return []
    order = "best" if mode_of(newest.run, metric) == "min" else "-best"
    return list(rows.order_by(order, "-run__created").values_list("run__run_id", flat=True)[:1])
