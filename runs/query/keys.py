"""Keys of metrics, config and summaries in a root or project."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from django.db.models import Count, QuerySet

from runicorn_site.web.readable import only_readable
from runs.models import Run, RunMetric, RunParam, StorageRoot
from runs.query import counts

SECONDS = 3.0
"""New metrics are to be found soon: another process ingests them."""
LATEST = 200
"""Runs of a project whose summaries and differences are read."""
MOST_DIFFERING = 5
HIDDEN_SUMMARY = "best_metric_"


def metric_keys(root: StorageRoot, project: str) -> list[str]:
    """Return the metrics of a project, or of the root without one."""
    return counts.remembered(
        root, f"metric keys {project}", lambda: _distinct(RunMetric.objects.all(), root, project), SECONDS
    )


def config_keys(root: StorageRoot, project: str) -> list[str]:
    """Return the dotted config keys of a project, or of the root without one."""
    return counts.remembered(
        root, f"config keys {project}", lambda: _distinct(RunParam.objects.all(), root, project), SECONDS
    )


def summary_keys(root: StorageRoot, project: str) -> list[str]:
    """Return the summary keys of the latest runs, other than those of the primary metric."""

    def read() -> list[str]:
        summaries = _latest(root, project).values_list("summary", flat=True)
        keys = {key for summary in summaries if isinstance(summary, dict) for key in summary}
        return sorted(key for key in keys if not key.startswith(HIDDEN_SUMMARY))

    return counts.remembered(root, f"summary keys {project}", read, SECONDS)


def differing_keys(root: StorageRoot, project: str) -> list[str]:
    """Return up to five config keys whose values differ between the latest runs of a project.

    Words that are different in every run, such as names and paths, are left out.
    """
    return list(_told_apart(_of_latest(root, project)))[:MOST_DIFFERING]


def differing_keys_of(root: StorageRoot, projects: Sequence[str]) -> list[str]:
    """Return up to five such keys of one project, or of several: of each as many, those of the first first.

    Among several projects, one with a single run has all of its keys.
    """
    if len(projects) == 1:
        return differing_keys(root, projects[0])
    of_each = [
        list(_told_apart(rows)) or [key for key, _, runs, _ in rows if runs == 1]
        for rows in (_of_latest(root, project) for project in projects)
    ]
    in_turn = (key for keys in zip_longest(*of_each) for key in keys if key is not None)
    return list(dict.fromkeys(in_turn))[:MOST_DIFFERING]


def recent_config_keys(root: StorageRoot, project: str) -> list[str]:
    """Return the config keys of the latest runs, those by whose values runs can be told apart first."""
    rows = _of_latest(root, project)
    return list(dict.fromkeys([*_told_apart(rows), *(key for key, *_ in rows)]))


def _of_latest(root: StorageRoot, project: str) -> list[tuple[str, int, int, int]]:
    """Return the config keys of the latest runs, with numbers of different values, of runs and of numeric values."""

    def read() -> list[tuple[str, int, int, int]]:
        latest = list(_latest(root, project).values_list("pk", flat=True))
        params = RunParam.objects.filter(run__in=latest).values_list("key").order_by("key")
        return list(
            params.annotate(values=Count("text", distinct=True), runs=Count("id"), numbers=Count("number"))
        )

    return counts.remembered(root, f"latest config keys {project}", read, SECONDS)


def _told_apart(rows: Iterable[tuple[str, int, int, int]]) -> Iterable[str]:
    for key, values, runs, numbers in sorted(rows, key=lambda row: (-row[2], row[0])):
        if values > 1 and (numbers == runs or values < runs):
            yield key


def _latest(root: StorageRoot, project: str) -> QuerySet[Run]:
    runs = Run.objects.in_root(root).live()
    return (runs.filter(project=project) if project else runs).newest()[:LATEST]


def _distinct(rows: QuerySet[RunMetric] | QuerySet[RunParam], root: StorageRoot, project: str) -> list[str]:
    rows = only_readable(rows.filter(root=root), "run__project")
    if project:
        rows = rows.filter(run__in=Run.objects.in_root(root).live().filter(project=project).values("pk"))
    return list(rows.order_by("key").values_list("key", flat=True).distinct())
