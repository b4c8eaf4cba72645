"""Page of one run, also of one in the recycle bin."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from runicorn_site.web.fragments import fragment
from runicorn_site.web.shared import is_shared
from runs.errors import RunNotFound
from runs.pages.run import header_context, run_context
from runs.services.lookup import get_run


@require_safe
def run_page(request: HttpRequest, run_id: str) -> HttpResponse:
    """Render charts, log, config, summary, environment and media; with `?part=header` the header alone."""
    run = get_run(run_id, deleted=True)
    if run.deleted is not None and is_shared(request):
        raise RunNotFound(run_id)
    if run.deleted is not None:
        return render(request, "runs/deleted.html", {"run": run})
    if request.GET.get("part") == "header":
        return fragment(request, "runs/_header.html", header_context(run))
    return render(request, "runs/run.html", run_context(run))
