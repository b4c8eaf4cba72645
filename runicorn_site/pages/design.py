"""Page of all controls in all their states, for people who change the design; only with `RUNICORN_DEBUG`."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runicorn_site.web.templatetags.ui import STATUSES

GROUNDS = ("paper", "shade", "shade-strong", "accent-shade", "warning-shade", "failed-shade", "added-shade")
INKS = ("ink", "ink-soft", "ink-faint", "accent", "running", "finished", "failed", "interrupted")
LINES = ("line", "line-strong", "line-field")
CURVES = 10


@access(Scope.READ)
@require_safe
def design_page(request: HttpRequest) -> HttpResponse:
    """Render every control in every state."""
    if not settings.DEBUG:
        raise Http404
    context = {
        "grounds": GROUNDS,
        "inks": INKS,
        "lines": LINES,
        "curves": range(1, CURVES + 1),
        "states": STATUSES,
    }
    return render(request, "design.html", context)


page_patterns = [path("design", design_page, name="design")]
