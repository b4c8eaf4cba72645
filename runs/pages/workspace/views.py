"""View of one panel beside the list, for a page that has the rest."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from runicorn_site.web.fragments import fragment
from runs.active_root import active_root
from runs.pages.table.rows import listed_runs
from runs.pages.table.state import TableState
from runs.pages.workspace.context import chart_runs


@require_safe
def panel(request: HttpRequest) -> HttpResponse:
    """Return the panel that `tab` names, for the runs that have charts at this address."""
    root, state = active_root(), TableState.read(request.GET)
    runs = chart_runs(root, state, listed_runs(root, state))
    return fragment(request, "runs/workspace/_panel.html", {"chart_runs": runs, "state": state})
