"""Views of one panel beside the list, and of the grid in it, for a page that has the rest."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from runicorn_site.web.fragments import fragment
from runicorn_site.web.pools import blocking
from runicorn_site.web.shared import is_shared
from runs.active_root import active_root
from runs.pages.media.grid import media_grid
from runs.pages.table.rows import listed_runs
from runs.pages.table.state import MOST_RUNS, TableState
from runs.pages.workspace.context import chart_runs
from runs.services.selection import select_runs

STEPS = re.compile(r"(-?[0-9]{1,18}):(-?[0-9]{1,18})")


@require_safe
def panel(request: HttpRequest) -> HttpResponse:
    """Return the panel that `tab` names, for the runs that have charts at this address."""
    root, state = active_root(), TableState.read(request.GET)
    runs = chart_runs(root, state, listed_runs(root, state))
    return fragment(request, "runs/workspace/_panel.html", {"chart_runs": runs, "state": state})


@blocking
@require_safe
def media_of_runs(request: HttpRequest) -> HttpResponse:
    """Return the grid of media of up to 100 runs, see `grid.media_grid`; unknown runs and invalid steps are ignored."""
    runs = select_runs(active_root(), request.GET.get("ids", "").split(",")[:MOST_RUNS]).runs
    limits = STEPS.fullmatch(request.GET.get("steps", ""))
    first, last = (int(limits[1]), int(limits[2])) if limits else (None, None)
    grid = media_grid(runs, request.GET.get("media", "")[:255], first, last)
    return fragment(request, "runs/workspace/_media_grid.html", {**grid, "shared": is_shared(request)})
