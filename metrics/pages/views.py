"""The compare page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from metrics.ingest.catch_up import catch_up_several
from metrics.pages import compare
from metrics.query.selection import select_runs
from runs.active_root import active_root
from runs.models import Run


@require_safe
def compare_page(request: HttpRequest) -> HttpResponse:
    """Show charts and tables of the runs in the query string, or runs to choose from."""
    ids = [part.strip() for text in request.GET.getlist("runs") for part in text.split(",")]
    run_ids = list(dict.fromkeys(part for part in ids if part and "\0" not in part))
    chosen = select_runs(active_root(), run_ids[: compare.MOST_RUNS])
    catch_up_several(chosen.runs, wait=compare.PATIENCE)
    context = compare.compare_context(chosen) | {"too_many": len(run_ids) > compare.MOST_RUNS}
    if not chosen.runs:
        newest = Run.objects.in_root(active_root()).live().newest()
        context["offered"] = newest[: compare.OFFERED]
    return render(request, "metrics/compare.html", context | {"most": compare.MOST_RUNS})
