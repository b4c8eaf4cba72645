"""The page of the samples of a run, and the page that compares samples of several runs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runicorn_site.web.pools import blocking
from runs.active_root import active_root
from runs.services.lookup import get_run
from runs.services.selection import select_runs
from samples.services import indexing


@access(Scope.READ)
@blocking
@require_safe
def samples_page(request: HttpRequest, run_id: str) -> HttpResponse:
    """Render the frame of the page; its scripts fetch the samples."""
    run = get_run(run_id)
    names = indexing.names(run)
    chosen = request.GET.get("set", "")
    name = chosen if chosen in names else next(iter(names), "")
    return render(request, "samples/samples.html", {"run": run, "names": names, "name": name})


@access(Scope.READ)
@blocking
@require_safe
def compare_page(request: HttpRequest) -> HttpResponse:
    """Render the frame of the comparison of `runs` by their samples `name`."""
    ids = [part.partition("@")[0] for part in request.GET.get("runs", "").split(",") if part]
    runs = list(select_runs(active_root(), ids).runs) if ids else []
    names = sorted({name for run in runs for name in indexing.names(run)})
    chosen = request.GET.get("name", "")
    context = {
        "runs": runs,
        "ids": request.GET.get("runs", ""),
        "names": names,
        "name": chosen if chosen in names else next(iter(names), ""),
    }
    return render(request, "samples/compare.html", context)
