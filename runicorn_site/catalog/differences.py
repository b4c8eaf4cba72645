"""Differences of runs and nearest runs, of a store or a viewer."""

from __future__ import annotations

import math
from pathlib import Path

from metrics.differences import divergence
from runicorn.api.responses.differences import Difference, NearRun
from runicorn_site.catalog import judging
from runicorn_site.catalog.base import Catalog, CatalogError, Judgement, Query
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.catalog.journal_curves import read_curves
from runicorn_site.catalog.store import StoreCatalog
from runicorn_site.catalog.viewer import ViewerCatalog, answered
from runicorn_tools.differences import engine, project
from runicorn_tools.differences.curves import Curve, Curves
from runicorn_tools.differences.facts import RunFacts
from runicorn_tools.differences.nearest import nearest

POINTS = 5000
MOST_METRICS = 20
MOST_EFFECTS = 3
NOISE_RUNS = 200
"""Number of newest runs from which the noise floor is estimated: a store is read without an index."""


def differ(catalog: Catalog, a: RunEntry, b: list[RunEntry]) -> Difference:
    """Return the difference from a run to another one or to a group.

    Raises:
        CatalogError: the viewer cannot answer.
    """
    if isinstance(catalog, ViewerCatalog):
        with answered():
            return catalog.client.differ(a.id, [run.id for run in b])
    store = _store(catalog)
    runs = [facts_of(store, entry) for entry in (a, *b)]
    earlier = project.runs_before(store.root, runs[-1])[: project.LOOKED_AT]
    return engine.compare(
        runs[0],
        runs[1:],
        curves=_curves,
        find_partings=divergence.find,
        replicas_of=lambda run: project.replicas_among(run, earlier),
        order=project.order_of_sections([runs[-1], *earlier]),
        repository=Path.cwd(),
    )


def predecessor(catalog: Catalog, entry: RunEntry) -> RunEntry | None:
    """Return the newest earlier run of the same script in the project."""
    if isinstance(catalog, ViewerCatalog):
        with answered():
            difference = catalog.client.differ(entry.id)
        return catalog.get(difference["a"]["id"], metrics=False)
    store = _store(catalog)
    run = facts_of(store, entry)
    previous = project.predecessor(run, project.runs_before(store.root, run))
    return store.get(previous.id, metrics=False) if previous is not None else None


def what_changed(catalog: Catalog, entry: RunEntry) -> tuple[str, list[str]]:
    """Return the run before a run of the same script, and the changes since in words; "" and nothing without one."""
    if isinstance(catalog, ViewerCatalog):
        try:
            with answered():
                difference = catalog.client.differ(entry.id)
        except CatalogError:  # there is no earlier run, or the viewer is of an earlier version
            return "", []
        return difference["a"]["id"], difference["sentences"]
    earlier = predecessor(catalog, entry)
    if earlier is None:
        return "", []
    difference = engine.compare(facts_of(catalog, earlier), [facts_of(catalog, entry)])
    return earlier.id, difference["sentences"]


def effects(catalog: Catalog, entry: RunEntry, earlier: str) -> list[Judgement]:
    """Return the verdicts on the primary metric of a run and some others against an earlier run.

    Raises:
        CatalogError: the viewer cannot answer.
    """
    other = catalog.get(earlier)
    if other is None:
        return []
    shared = [name for name in entry.metrics if name in other.metrics and not name.startswith("system/")]
    shared.sort(key=lambda name: (name != entry.best_metric_name, name))
    names = shared[:MOST_EFFECTS]
    if isinstance(catalog, StoreCatalog):
        return judging.verdicts(catalog, catalog.root, names, [entry], [other], NOISE_RUNS)
    return catalog.verdicts(names, [entry], [other])


def near(catalog: Catalog, entry: RunEntry, limit: int) -> list[NearRun]:
    """Return the runs of the project of a run that are nearest to its config."""
    if isinstance(catalog, ViewerCatalog):
        with answered():
            return catalog.client.nearest(entry.project, run_id=entry.id, limit=limit)
    others = [run for run in catalog.select(Query(project=entry.project)) if run.id != entry.id]
    runs = {run.id: run for run in others}
    matches = nearest(entry.config, [(run.id, run.config) for run in others], limit)
    answer: list[NearRun] = []
    for match in matches:
        run = catalog.get(str(match.run)) or runs[str(match.run)]
        metrics = {name: figures.best for name, figures in sorted(run.metrics.items())[:MOST_METRICS]}
        answer.append(
            {
                "run_id": run.id,
                "project": run.project,
                "name": run.label,
                "distance": round(match.distance, 6),
                "changed": match.changed,
                "state": run.state,
                "created_at": run.created_at,
                "metrics": {
                    name: value if value is None or math.isfinite(value) else None
                    for name, value in metrics.items()
                },
            }
        )
    return answer


def facts_of(catalog: Catalog, entry: RunEntry) -> RunFacts:
    """Return the facts of a run of a store."""
    store = _store(catalog)
    return RunFacts(store.root, store.root / entry.folder)


def _store(catalog: Catalog) -> StoreCatalog:
    if not isinstance(catalog, StoreCatalog):
        raise CatalogError("This needs the store itself.")
    return catalog


def _curves(run: RunFacts) -> Curves:
    try:
        curves = read_curves(run.folder, [], POINTS)
    except OSError:
        return {}
    return {name: Curve(curve.steps, curve.values) for name, curve in curves.items()}
