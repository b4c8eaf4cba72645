"""The runs before and after one, in a list."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runs.active_root import active_root
from runs.pages.table.rows import ids_in_order, matching
from runs.pages.table.state import TableState
from runs.query.where.parser import BadWhere

MOST = 5_000
"""Runs of a list that are searched for the neighbours of one."""


@access(Scope.READ)
@require_safe
def neighbours(request: HttpRequest, run_id: str) -> JsonResponse:
    """Return the addresses of the runs before and after a run, in the list that the query string describes."""
    root, state = active_root(), TableState.read(request.GET)
    try:
        run_ids = ids_in_order(matching(root, state), state, MOST)
    except BadWhere:
        run_ids = []
    addresses: dict[str, str | None] = {"previous": None, "next": None}
    if run_id in run_ids:
        at = run_ids.index(run_id)
        for way, place in (("previous", at - 1), ("next", at + 1)):
            if 0 <= place < len(run_ids):
                addresses[way] = reverse("run", args=[run_ids[place]])
    return JsonResponse(addresses)
