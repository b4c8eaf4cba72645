"""Page of all projects."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TypedDict

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from runicorn.api.responses.analytics import BestRun
from runicorn.store.project import description
from runicorn_site.web.access import Scope, access
from runs.active_root import active_root
from runs.models import Run, StorageRoot
from runs.pages.project import best_by_usual_metric
from runs.query import analytics, counts, projects
from runs.query.find import find_runs

DAYS = 56
MOST_DESCRIBED = 200
"""Projects whose descriptions are read: each is a file."""
MOST_JUDGED = 20
"""Projects without a primary metric whose best run is looked for."""
NEWEST = 10
"""Newest runs of a project, among whose metrics the usual one is."""


class ProjectRow(TypedDict):
    name: str
    about: str
    runs: int
    states: list[tuple[str, int]]
    best: BestRun | None
    updated: float


@access(Scope.READ)
@require_safe
def project_list(request: HttpRequest) -> HttpResponse:
    """List the projects, the last changed first."""
    root = active_root()
    rows = _rows(root)
    context = {"rows": rows, "root": root, "has_best": any(row["best"] for row in rows)}
    return render(request, "runs/projects.html", context)


def _rows(root: StorageRoot) -> list[ProjectRow]:
    latest = sorted(projects.projects(root), key=lambda entry: -(entry["latest_update"] or 0))
    states = counts.remembered(root, "states of projects", lambda: _states(root))
    best: dict[str, BestRun] = {}
    for entry in analytics.summary(root, None, DAYS)["best"]:
        best.setdefault(entry["project"], entry)
    lacking = [entry["name"] for entry in latest if entry["name"] not in best][:MOST_JUDGED]
    best |= {project: run for project in lacking if (run := _best_by_usual_metric(root, project))}
    return [
        ProjectRow(
            name=entry["name"],
            about=_first_line(root, entry["name"]) if number < MOST_DESCRIBED else "",
            runs=entry["run_count"],
            states=states.get(entry["name"], []),
            best=best.get(entry["name"]),
            updated=entry["latest_update"],
        )
        for number, entry in enumerate(latest)
    ]


def _best_by_usual_metric(root: StorageRoot, project: str) -> BestRun | None:
    """Return the best run of a project without a primary metric, by the one that lists show."""

    def read() -> BestRun | None:
        matches = find_runs(root, project=project)
        for run in best_by_usual_metric(matches, list(matches.runs.newest()[:NEWEST]), 1):
            name, value = run.best_metric_name, run.best_metric_value
            if name and value is not None:
                return BestRun(
                    project=project,
                    metric=name,
                    mode=run.best_metric_mode or "max",
                    value=value,
                    id=run.run_id,
                )
        return None

    return counts.remembered(root, f"best run of {project}", read)


def _states(root: StorageRoot) -> dict[str, list[tuple[str, int]]]:
    """Return the states of the runs of each project with their numbers, without those that finished."""
    rows = Run.objects.in_root(root).live().exclude(status="finished").order_by("project", "status")
    states = defaultdict(list)
    for project, status, number in rows.values_list("project", "status").annotate(Count("pk")):
        states[project].append((status, number))
    return dict(states)


def _first_line(root: StorageRoot, project: str) -> str:
    text = description.read(Path(root.path), project)
    return next((line.strip("# \t*_") for line in text.splitlines() if line.strip("# \t*_-=")), "")[:200]
