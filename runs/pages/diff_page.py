"""Page of the uncommitted changes that a run started with."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from runicorn_site.web.attachments import attachment
from runicorn_site.web.fragments import fragment
from runs.errors import NoSuchFile
from runs.index import run_files
from runs.pages import diff as diffs
from runs.pages.environment import RunEnvironment
from runs.services.lookup import get_run


@require_safe
def run_diff(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Render the diff in colour; to htmx the diff alone, with `format=text` as a file."""
    run = get_run(run_id)
    diff = RunEnvironment(run_files.environment(run) or {}).diff
    if not diff:
        raise NoSuchFile("Run {run_id} has no diff", run_id=run.run_id)
    if request.GET.get("format") == "text":
        response = HttpResponse(diff, content_type="text/plain; charset=utf-8")
        return attachment(response, f"{run.run_id}.diff")
    context = {"run": run, "pieces": diffs.pieces(diff), "longer": diffs.is_longer(diff), "most": diffs.MOST}
    if "HX-Request" in request.headers:
        return fragment(request, "runs/_diff.html", context)
    return render(request, "runs/diff.html", context)
