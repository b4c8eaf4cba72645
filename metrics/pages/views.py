"""Comparison by ids or by a condition: an address of the charts layout of the runs page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access


@access(Scope.READ)
@require_safe
def compare_page(request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to the charts layout of the runs page: of some runs, or of all that match a condition."""
    query = request.GET.copy()
    runs = [part for text in query.pop("runs", []) for part in text.split(",") if part.strip()]
    query["layout"] = "charts"
    if runs:
        query["runs"] = ",".join(runs)
    elif query.get("where") or query.get("project"):
        query["of"] = "matches"
    if group := query.pop("group_by", [""])[-1]:
        query["group"] = group
    return HttpResponseRedirect(f"{reverse('runs')}?{query.urlencode()}")
