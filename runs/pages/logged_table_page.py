"""Page of a table that a run logged."""

from __future__ import annotations

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from runicorn_site.web.attachments import attachment
from runicorn_site.web.fragments import fragment
from runs.pages.logged_table import table_page
from runs.pages.media import listing as media
from runs.services.lookup import get_run


@require_safe
def run_table(request: HttpRequest, run_id: str, path: str) -> HttpResponseBase:
    """Render the table, sorted and paged by the query string; to htmx the table alone, with `format=csv` as a file."""
    run = get_run(run_id)
    table = media.table(run, path)
    if request.GET.get("format") == "csv":
        response = StreamingHttpResponse(table.csv(), content_type="text/csv; charset=utf-8")
        return attachment(response, f"{path.rpartition('/')[2].removesuffix('.table.json')}.csv")
    context = table_page(table, request.path, request.GET.get("sort", ""), request.GET.get("page", ""))
    if "HX-Request" in request.headers:
        return fragment(request, "runs/_data_table.html", context)
    return render(request, "runs/data_table.html", {**context, "run": run, "path": path})
