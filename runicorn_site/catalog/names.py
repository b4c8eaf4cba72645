"""Runs by the names that people type: an id, its beginning, a name, `latest`, `best:METRIC`, `@baseline`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from runicorn.store import layout
from runicorn_site.catalog.base import Catalog, Query, UnknownRun
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.catalog.primary import best_mode

FORMS = "an id, its unique beginning, a unique name, latest, best:METRIC, @baseline, or PROJECT/ before one of the last three"
LATEST, BEST, BASELINE = "latest", "best:", "@baseline"
LISTED = 5


def find_run(catalog: Catalog, name: str, *, metrics: bool = False) -> RunEntry:
    """Return the run that a text names; one in the recycle bin only by its id.

    Raises:
        UnknownRun: it names none, or several.
    """
    ids = _resolve(catalog, name)
    if len(ids) > 1:
        raise UnknownRun(f"{name} has {len(ids)} runs: name one of them ({', '.join(ids[:LISTED])}).")
    entry = catalog.get(ids[0], metrics=metrics)
    if entry is None:
        raise UnknownRun(f"Run not found: {name}")
    return entry


def find_runs(catalog: Catalog, names: Sequence[str], *, metrics: bool = False) -> list[RunEntry]:
    """Return the runs that texts name, each once; a baseline may have several.

    Raises:
        UnknownRun: one of them names none, or the beginning of several.
    """
    ids = dict.fromkeys(run_id for name in names for run_id in _resolve(catalog, name))
    return [find_run(catalog, run_id, metrics=metrics) for run_id in ids]


def _resolve(catalog: Catalog, name: str) -> list[str]:
    if layout.is_run_id(name):
        return [name]
    return _special(catalog, name) or [_beginning(catalog, name)]


def _special(catalog: Catalog, name: str) -> list[str]:
    """Return the ids of `latest`, `best:METRIC` and `@baseline`; none for other names."""
    project, slash, word = name.partition("/")
    # A slash may also belong to the metric.
    if name.startswith(BEST) or not slash:
        project, word = "", name
    query = Query(project=project or None)
    if word == LATEST:
        newest = catalog.select(replace(query, limit=1))
        if not newest:
            raise UnknownRun(f"There is no run in {project}." if project else "There is no run.")
        return [newest[0].id]
    if word == BASELINE:
        return _baseline(catalog, project or None)
    return [_best(catalog, query, word.removeprefix(BEST))] if word.startswith(BEST) else []


def _baseline(catalog: Catalog, project: str | None) -> list[str]:
    baselines = catalog.baselines(project)
    if not baselines:
        raise UnknownRun(f"{project} has no baseline." if project else "No project has a baseline.")
    if len(baselines) > 1:
        forms = ", ".join(f"{name}/{BASELINE}" for name in list(baselines)[:LISTED])
        raise UnknownRun(f"Several projects have a baseline: {forms}.")
    return next(iter(baselines.values()))


def _best(catalog: Catalog, query: Query, metric: str) -> str:
    entries = catalog.select(replace(query, metrics=True))
    valued = [
        (value, entry)
        for entry in entries
        if metric in entry.metrics
        and (value := entry.metrics[metric].best) is not None
        and math.isfinite(value)
    ]
    if not valued:
        raise UnknownRun(f"No run has the metric {metric}.")
    sign = -1 if best_mode([entry for _, entry in valued], metric) == "min" else 1
    return max(valued, key=lambda pair: (sign * pair[0], pair[1].created_at))[1].id


def _beginning(catalog: Catalog, name: str) -> str:
    ids = catalog.beginning(name) if name.strip() else []
    if not ids:
        raise UnknownRun(f"Run not found: {name}. A run is named by {FORMS}.")
    if len(ids) > 1:
        more = f" and {len(ids) - LISTED} more" if len(ids) > LISTED else ""
        raise UnknownRun(f"{name} may be {', '.join(ids[:LISTED])}{more}: give more of the id.")
    return ids[0]
