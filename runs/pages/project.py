"""Page of a project: description, best runs, activity and boards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from runicorn.api.responses.analytics import AnalyticsSummary
from runicorn.store import layout
from runicorn.store.layout import InvalidName
from runicorn.store.project import analysis, boards, description
from runicorn_site.web.access import Scope, Subject, access
from runs.active_root import active_root
from runs.models import Run, RunQuerySet, StorageRoot
from runs.pages.table.names import differences
from runs.pages.table.values import aligned
from runs.query import analytics, projects, usual_metric
from runs.query import counts as counting
from runs.query.find import find_runs
from runs.query.matches import Matches
from runs.query.ordering import Ordered
from runs.services.projects import describe_project
from runs.store.metric_stats import mode_of

DAYS = 56
NEWEST, BEST = 10, 5
MOST_PEOPLE = 20
BAR, GAP, HEIGHT = 8, 2, 40


class Bar(TypedDict):
    date: str
    count: int
    x: int
    y: float
    height: float


def project_or_404(project: str) -> StorageRoot:
    """Return the storage root, if it has a project of that name which can have files of its own."""
    root = active_root()
    if not has_valid_name(project) or not projects.exists(root, project):
        raise Http404
    return root


def has_valid_name(project: str) -> bool:
    """Return whether a project can have a description, boards and documents; a folder that was made by hand may not."""
    try:
        layout.check_name(project, "project")
    except InvalidName:
        return False
    return True


@access(Scope.READ)
@require_safe
def project_page(request: HttpRequest, project: str) -> HttpResponse:
    """Show a project; without what it keeps in files if its name is invalid."""
    root, is_valid = active_root(), has_valid_name(project)
    is_known = projects.exists if is_valid else projects.has_runs
    if not is_known(root, project):
        raise Http404
    return _render(request, root, project, is_valid=is_valid)


def _render(
    request: HttpRequest, root: StorageRoot, project: str, *, is_valid: bool = True, draft: str | None = None
) -> HttpResponse:
    """Render the page; 409 with a `draft`, which its form has in place of the description."""
    summary = analytics.summary(root, project, DAYS)
    runs = Run.objects.in_root(root).live().filter(project=project)
    newest = list(runs.newest()[:NEWEST])
    usual_metric.fill(newest)
    best = _best(root, project, summary, newest)
    extras = differences(list({run.pk: run for run in [*newest, *best]}.values()))
    baseline = analysis.read(Path(root.path), project)["baseline"]
    context = {
        "project": project,
        "draft": draft,
        "baseline": list(runs.filter(run_id__in=baseline).newest()) if baseline else [],
        "text": description.read(Path(root.path), project),
        "limit": description.LENGTH,
        "summary": summary,
        **counting.remembered(root, f"activity {project}", lambda: _activity(runs), analytics.SECONDS),
        "best_metric": _only_metric(best),
        "newest_metric": _only_metric(newest),
        "best": _rows(best, extras),
        "newest": _rows(newest, extras),
        "people": runs.exclude(owner=None)
        .order_by()
        .values_list("owner")
        .annotate(n=Count("pk"))
        .order_by("-n", "owner")[:MOST_PEOPLE],
        "bars": _bars(summary),
        "width": DAYS * (BAR + GAP),
        "height": HEIGHT,
        "bar": BAR,
        "boards": boards.names(Path(root.path), project) if is_valid else [],
        "is_valid": is_valid,
    }
    return render(request, "runs/project.html", context, status=200 if draft is None else 409)


@access(Scope.CURATE, Subject.PROJECT)
@require_POST
def change_description(request: HttpRequest, project: str) -> HttpResponse:
    """Replace the description; if it is not the one that was edited, show the form with both texts instead."""
    root = project_or_404(project)
    text = request.POST.get("description", "").replace("\r\n", "\n")
    now = description.read(Path(root.path), project)
    before = request.POST.get("before", now).replace("\r\n", "\n")
    if before != now.replace("\r\n", "\n"):
        mine = text.removeprefix(before).strip()
        both = "\n\n".join(part for part in (now.rstrip(), mine) if part)
        return _render(request, root, project, draft=both)
    describe_project(root=root, project=project, text=text)
    return redirect("project", project=project)


def _best(root: StorageRoot, project: str, summary: AnalyticsSummary, newest: Sequence[Run]) -> list[Run]:
    """Return the best run of each primary metric; of one metric, or where none was declared, the best few of it."""
    names = {entry["metric"] for entry in summary["best"]}
    matches = find_runs(root, project=project)
    if len(names) > 1:
        ids = [entry["id"] for entry in summary["best"]]
        by_id = {run.run_id: run for run in matches.runs.filter(run_id__in=ids)}
        return [by_id[run_id] for run_id in ids if run_id in by_id]
    if names:
        return [run for run in Ordered(matches, "best_metric")[:BEST] if run.best_metric_name]
    return best_by_usual_metric(matches, newest, BEST)


def best_by_usual_metric(matches: Matches, newest: Sequence[Run], most: int) -> list[Run]:
    """Return the best runs by the metric that lists show where none was declared the primary one.

    Args:
        newest: the newest of the runs.
    """
    usual = usual_metric.of_newest([run.pk for run in newest]) if newest else None
    if usual is None:
        return []
    highest = mode_of(newest[0], usual) == "max"
    best = Ordered(matches, f"metric.{usual}.best", desc=highest)[:most]
    usual_metric.fill(best, usual)
    return [run for run in best if run.best_metric_name == usual]


def _only_metric(runs: Sequence[Run]) -> str:
    """Return the metric that all runs which have a best value are judged by, or ""."""
    names = {run.best_metric_name for run in runs if run.best_metric_name}
    return names.pop() or "" if len(names) == 1 else ""


class Activity(TypedDict):
    states: dict[str, int]
    seconds: float


def _activity(runs: RunQuerySet) -> Activity:
    """Return how many runs are in each state, and how long all of them ran, those that still run until now."""
    states: Counter[str] = Counter()
    counts = runs.order_by("status", "state").values_list("status", "state").annotate(n=Count("pk"))
    for status, state, count in counts:
        states[state if status in layout.STATUSES else status] += count
    ended = runs.aggregate(seconds=Sum("duration"))["seconds"] or 0.0
    under_way = runs.filter(status=layout.RUNNING, duration=None, started__isnull=False)
    now = time.time()
    return Activity(
        states=dict(states),
        seconds=ended
        + sum(max(0.0, now - (started or now)) for started in under_way.values_list("started", flat=True)),
    )


def _rows(runs: Sequence[Run], extras: Mapping[int, str]) -> list[tuple[Run, str, str]]:
    """Return runs with what tells them apart and their best values; those of one metric have decimal points in line."""
    texts: dict[int, str] = {}
    for metric in {run.best_metric_name for run in runs}:
        of_metric = [run for run in runs if run.best_metric_name == metric]
        values = aligned([run.best_metric_value for run in of_metric])
        texts |= {run.pk: text for run, text in zip(of_metric, values, strict=True)}
    return [(run, extras.get(run.pk, ""), texts[run.pk]) for run in runs]


def _bars(summary: AnalyticsSummary) -> list[Bar]:
    days = summary["runs_per_day"]
    highest = max([day["count"] for day in days], default=0) or 1
    return [
        Bar(
            date=day["date"],
            count=day["count"],
            x=number * (BAR + GAP),
            y=HEIGHT - HEIGHT * day["count"] / highest,
            height=HEIGHT * day["count"] / highest,
        )
        for number, day in enumerate(days)
    ]
