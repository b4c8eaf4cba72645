"""Responses of the command palette: matching runs and projects, and the neighbours of a run in a list."""

from __future__ import annotations

from typing import TypedDict

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runs.active_root import active_root
from runs.pages.table.rows import ids_in_order, matching
from runs.pages.table.state import TableState
from runs.query.find import find_runs
from runs.query.ordering import Ordered
from runs.query.projects import projects
from runs.query.where.parser import BadWhere

MOST = 8
MOST_NEIGHBOURS = 5_000
"""Runs of a list that are searched for the neighbours of one."""


class PaletteEntry(TypedDict):
    kind: str
    label: str
    detail: str
    url: str


@access(Scope.READ)
@require_safe
def find(request: HttpRequest) -> JsonResponse:
    """Return the newest runs and the projects that match `q`."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    root = active_root()
    names = [project["name"] for project in projects(root) if text.lower() in project["name"].lower()]
    places: list[PaletteEntry] = [
        PaletteEntry(kind="project", label=name, detail="", url=reverse("project", args=[name]))
        for name in names[:MOST]
    ]
    for run in Ordered(find_runs(root, search=text)).only("run_id", "name", "display_name", "project")[:MOST]:
        places.append(
            PaletteEntry(
                kind="run",
                label=run.label,
                detail=run.project,
                url=reverse("run", args=[run.run_id]),
            )
        )
    return JsonResponse({"places": places})


@access(Scope.READ)
@require_safe
def neighbours(request: HttpRequest, run_id: str) -> JsonResponse:
    """Return the addresses of the runs before and after a run, in the list that the query string describes."""
    root, state = active_root(), TableState.read(request.GET)
    try:
        run_ids = ids_in_order(matching(root, state), state, MOST_NEIGHBOURS)
    except BadWhere:
        run_ids = []
    addresses: dict[str, str | None] = {"previous": None, "next": None}
    if run_id in run_ids:
        at = run_ids.index(run_id)
        for way, place in (("previous", at - 1), ("next", at + 1)):
            if 0 <= place < len(run_ids):
                addresses[way] = reverse("run", args=[run_ids[place]])
    return JsonResponse(addresses)
