"""The pages of one run: the run itself, also from the recycle bin, the tables that it logged, its diff."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from runicorn_site.web.fragments import fragment
from runs.errors import NoSuchFile
from runs.index import run_files
from runs.pages import diff as diffs
from runs.pages import media
from runs.pages.environment import Surroundings
from runs.pages.logged_table import table_page
from runs.pages.run import header_context, run_context
from runs.services.lookup import get_run


@require_safe
def run_page(request: HttpRequest, run_id: str) -> HttpResponse:
    """One run: its charts, log, config, summary, environment and media; `?part=header` is the head alone."""
    run = get_run(run_id, deleted=True)
    if run.deleted is not None:
        return render(request, "runs/deleted.html", {"run": run})
    if request.GET.get("part") == "header":
        return fragment(request, "runs/_header.html", header_context(run))
    return render(request, "runs/run.html", run_context(run))


@require_safe
def run_table(request: HttpRequest, run_id: str, path: str) -> HttpResponseBase:
    """A table that a run logged, sorted and paged as the address says; the table alone for a page that has the rest."""
    run = get_run(run_id)
    table = media.table(run, path)
    if request.GET.get("format") == "csv":
        answer = StreamingHttpResponse(table.csv(), content_type="text/csv; charset=utf-8")
        return as_file(answer, f"{path.rpartition('/')[2].removesuffix('.table.json')}.csv")
    context = table_page(table, request.path, request.GET.get("sort", ""), request.GET.get("page", ""))
    if "HX-Request" in request.headers:
        return fragment(request, "runs/_data_table.html", context)
    return render(request, "runs/data_table.html", context | {"run": run, "path": path})


@require_safe
def run_diff(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """What was not committed when a run began, coloured; alone for a page that has the rest, or as a file."""
    run = get_run(run_id)
    diff = Surroundings(run_files.environment(run) or {}).diff
    if not diff:
        raise NoSuchFile(f"Run {run.run_id} has no diff")
    if request.GET.get("format") == "text":
        return as_file(HttpResponse(diff, content_type="text/plain; charset=utf-8"), f"{run.run_id}.diff")
    context = {"run": run, "pieces": diffs.pieces(diff), "longer": diffs.is_longer(diff), "most": diffs.MOST}
    if "HX-Request" in request.headers:
        return fragment(request, "runs/_diff.html", context)
    return render(request, "runs/diff.html", context)


def as_file(answer: HttpResponseBase, name: str) -> HttpResponseBase:
    """An answer that a browser saves under a name."""
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer
