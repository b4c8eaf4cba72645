"""Runs by the names that people type: an id, its beginning, a name, `latest`, `best:METRIC`."""

from __future__ import annotations

import math
from dataclasses import replace

from runicorn.store import layout
from runicorn_site.catalog.base import Catalog, Query, UnknownRun
from runicorn_site.catalog.entry import RunEntry
from runs.store.metric_stats import mode_by_name

FORMS = (
    "an id, its unique beginning, a unique name, latest, best:METRIC, or PROJECT/ before one of the last two"
)
LATEST, BEST = "latest", "best:"
LISTED = 5


def find_run(catalog: Catalog, name: str, *, metrics: bool = False) -> RunEntry:
    """Return the run that a text names; one in the recycle bin only by its id.

    Raises:
        UnknownRun: it names none, or several.
    """
    run_id = name if layout.is_run_id(name) else _special(catalog, name) or _beginning(catalog, name)
    entry = catalog.get(run_id, metrics=metrics)
    if entry is None:
        raise UnknownRun(f"Run not found: {name}")
    return entry


def find_runs(catalog: Catalog, names: list[str], *, metrics: bool = False) -> list[RunEntry]:
    """Return the runs that texts name, each once.

    Raises:
        UnknownRun: one of them names none, or several.
    """
    entries = {entry.id: entry for entry in (find_run(catalog, name, metrics=metrics) for name in names)}
    return list(entries.values())


def _special(catalog: Catalog, name: str) -> str | None:
    """Return the id of `latest` and `best:METRIC`; None for other names."""
    project, slash, word = name.partition("/")
    # A slash may also belong to the metric.
    if name.startswith(BEST) or not slash:
        project, word = "", name
    query = Query(project=project or None)
    if word == LATEST:
        newest = catalog.select(replace(query, limit=1))
        if not newest:
            raise UnknownRun(f"There is no run in {project}." if project else "There is no run.")
        return newest[0].id
    return _best(catalog, query, word.removeprefix(BEST)) if word.startswith(BEST) else None


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
    sign = -1 if _is_minimum(valued[0][1], metric) else 1
    return max(valued, key=lambda pair: (sign * pair[0], pair[1].created_at))[1].id


def _is_minimum(entry: RunEntry, metric: str) -> bool:
    mode = entry.summary.get("best_metric_mode") if entry.best_metric_name == metric else None
    return (mode or mode_by_name(metric)) == "min"


def _beginning(catalog: Catalog, name: str) -> str:
    ids = catalog.beginning(name) if name.strip() else []
    if not ids:
        raise UnknownRun(f"Run not found: {name}. A run is named by {FORMS}.")
    if len(ids) > 1:
        more = f" and {len(ids) - LISTED} more" if len(ids) > LISTED else ""
        raise UnknownRun(f"{name} may be {', '.join(ids[:LISTED])}{more}: give more of the id.")
    return ids[0]
