"""What the palette finds: projects, runs, metrics, artifacts, pages and settings."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, JsonResponse
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from artifacts.models import Artifact
from people.access.actor import actor_of
from people.access.page_rights import PageRights
from runicorn_site.palette.places import PaletteEntry, places
from runicorn_site.web.access import Scope, access
from runs.active_root import active_root
from runs.models import StorageRoot
from runs.pages.table.baseline import Baselines
from runs.pages.table.names import differences
from runs.pages.table.state import CHARTS, TableState
from runs.query import keys
from runs.query.find import find_runs
from runs.query.ordering import Ordered
from runs.query.projects import projects

MOST = 8
MOST_OF_OTHERS = 5
"""Metrics, artifacts and pages of one answer."""
LONGEST = 200


@access(Scope.READ)
@require_safe
def find(request: HttpRequest) -> JsonResponse:
    """Return what matches `q`, as `{"places": [PaletteEntry]}`; without a text the newest runs and all projects."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    root = active_root()
    entries = [*_projects(root, text), *_runs(root, text)]
    if text:
        may = PageRights(actor_of(getattr(request, "scope", {})))
        entries += [*_metrics(root, text), *_artifacts(root, text), *places(text, may, MOST)]
    return JsonResponse({"places": entries})


def _projects(root: StorageRoot, text: str) -> list[PaletteEntry]:
    names = [project["name"] for project in projects(root) if text.lower() in project["name"].lower()]
    return [_entry("project", name, "", reverse("project", args=[name]), "project") for name in names[:MOST]]


def _runs(root: StorageRoot, text: str) -> list[PaletteEntry]:
    rows = Ordered(find_runs(root, search=text)).only(
        "run_id", "name", "display_name", "project", "status", "state"
    )
    runs = list(rows[:MOST])
    extras = differences(runs)
    comparisons = Baselines(root, TableState(layout=CHARTS)).of_runs(runs)
    verdicts = {pk: comparison.text for pk, comparison in comparisons.items()}
    return [
        _entry(
            "run",
            run.label,
            " · ".join(filter(None, [extras.get(run.pk), verdicts.get(run.pk), run.project])),
            reverse("run", args=[run.run_id]),
            run.shown_state,
        )
        for run in runs
    ]


def _metrics(root: StorageRoot, text: str) -> list[PaletteEntry]:
    names = [name for name in keys.metric_keys(root, "") if text.lower() in name.lower()]
    address = reverse("runs")
    return [
        _entry("metric", name, "", f"{address}?{urlencode({'layout': 'charts', 'charts': name})}", "compare")
        for name in names[:MOST_OF_OTHERS]
    ]


def _artifacts(root: StorageRoot, text: str) -> list[PaletteEntry]:
    rows = Artifact.objects.in_root(root).for_list(search=text)[:MOST_OF_OTHERS]
    return [
        _entry("artifact", row.name, row.type, reverse("artifact", args=[row.type, row.name]), "artifacts")
        for row in rows
    ]


def _entry(kind: str, label: str, detail: str, url: str, icon: str) -> PaletteEntry:
    return PaletteEntry(kind=kind, label=label, detail=detail, url=url, icon=icon)


page_patterns = [path("find", find, name="find")]
