"""The pages of one run: the run itself, also from the recycle bin, and the tables that it logged."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from runs import services, shown_media
from runs.answers import fragment
from runs.run_page import header_context, run_context
from runs.table_page import table_page


@require_safe
def run_page(request: HttpRequest, run_id: str) -> HttpResponse:
    """One run: its charts, log, config, summary, environment and media; `?part=header` is the head alone."""
    run = services.get_run(run_id, deleted=True)
    if run.deleted is not None:
        return render(request, "runs/deleted.html", {"run": run})
    if request.GET.get("part") == "header":
        return fragment(request, "runs/_header.html", header_context(run))
    return render(request, "runs/run.html", run_context(run))


@require_safe
def run_table(request: HttpRequest, run_id: str, path: str) -> HttpResponseBase:
    """A table that a run logged, sorted and paged as the address says; the table alone for a page that has the rest."""
    run = services.get_run(run_id)
    table = shown_media.table(run, path)
    if request.GET.get("format") == "csv":
        answer = StreamingHttpResponse(table.csv(), content_type="text/csv; charset=utf-8")
        name = f"{path.rpartition('/')[2].removesuffix('.table.json')}.csv"
        answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
        return answer
    context = table_page(table, request.path, request.GET.get("sort", ""), request.GET.get("page", ""))
    if "HX-Request" in request.headers:
        return fragment(request, "runs/_data_table.html", context)
    return render(request, "runs/data_table.html", context | {"run": run, "path": path})
