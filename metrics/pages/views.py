"""Redirect from the former address of the compare page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access


@access(Scope.READ)
@require_safe
def compare_page(request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to the charts layout of the runs page, with all other parameters kept."""
    query = request.GET.copy()
    runs = [part for text in query.pop("runs", []) for part in text.split(",") if part.strip()]
    query["layout"] = "charts"
    if runs:
        query["runs"] = ",".join(runs)
    return HttpResponseRedirect(f"{reverse('runs')}?{query.urlencode()}")
