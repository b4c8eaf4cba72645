"""Differences of runs of the active storage root."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rest_framework.exceptions import ValidationError

from metrics.differences import divergence
from metrics.ingest.catch_up import catch_up_several
from metrics.query import series
from metrics.query.series_view import JournalReplaced
from runicorn.api.responses.differences import Difference
from runicorn_tools.differences import engine, project
from runicorn_tools.differences.curves import Curve, Curves
from runicorn_tools.differences.facts import RunFacts
from runs.active_root import active_root
from runs.errors import OutsideRoot
from runs.models import Run
from runs.store.lazy_numpy import np

POINTS = 1000
MOST_METRICS = 60
PREVIOUS = "previous"


def facts_of(run: Run) -> RunFacts:
    """Return the facts of a run."""
    return RunFacts(Path(run.root.path), run.path)


def compare(a: Run, b: Sequence[Run], *, with_curves: bool = True) -> Difference:
    """Return the difference from run `a` to run `b`, or to a group of runs.

    Args:
        with_curves: find where the curves part, which reads their points.
    """
    rows = {run.run_id: run for run in (a, *b)}
    neighbors = _earlier(b[-1])
    for run in neighbors:
        rows.setdefault(run.run_id, run)
    earlier = [facts for run in neighbors if (facts := _facts(run)) is not None]

    def curves(run: RunFacts) -> Curves:
        return _curves(rows[run.id], [rows[a.run_id], *b])

    if with_curves:
        catch_up_several([a, *b])
    return engine.compare(
        facts_of(a),
        [facts_of(run) for run in b],
        curves=curves if with_curves else None,
        find_partings=divergence.find,
        replicas_of=lambda run: project.replicas_among(run, earlier) if with_curves else (),
        order=project.order_of_sections([facts_of(b[-1]), *earlier]),
    )


def predecessor(run: Run) -> Run | None:
    """Return the newest earlier run of the same script in the project; the newest of any without one."""
    rows = {row.run_id: row for row in _earlier(run)}
    facts = (facts for row in rows.values() if (facts := _facts(row)) is not None)
    match = project.predecessor(facts_of(run), facts)
    return rows[match.id] if match is not None else None


def _earlier(run: Run) -> list[Run]:
    of_project = Run.objects.in_root(active_root()).live().filter(project=run.project)
    rows = list(of_project.after(run.created, run.pk).newest()[: project.LOOKED_AT])
    parent = facts_of(run).meta.get("parent")
    if isinstance(parent, str) and all(row.run_id != parent for row in rows):
        rows += of_project.filter(run_id=parent)[:1]
    for row in rows:
        row.root = run.root
    return rows


def _facts(run: Run) -> RunFacts | None:
    with suppress(OutsideRoot, OSError):
        return facts_of(run)
    return None


def _curves(run: Run, compared: Sequence[Run]) -> Curves:
    """Return the curves of those metrics that all compared runs have."""
    names: set[str] | None = None
    for other in compared:
        keys = set(other.metric_rows.values_list("key", flat=True))
        names = keys if names is None else names & keys
    selected = sorted(names or ())[:MOST_METRICS]
    if not selected:
        return {}
    catch_up_several([run])
    with suppress(JournalReplaced, ValidationError):
        answer = series.run_series(run, selected, POINTS)
        return {
            entry["name"]: Curve(entry["x"], np.asarray(entry["y"], dtype=np.float64).tolist())
            for entry in answer["series"]
            if entry["kind"] in ("float", "int", "bool")
        }
    return {}
