"""Page of CPU, memory, disk and GPUs of the server's machine."""

from __future__ import annotations

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runicorn_site.web.pools import blocking
from runicorn_site.web.responses import fragment
from runs.active_root import active_root


# The disk may be a network file system that does not respond, and nvidia-smi takes up to a few seconds.
@access(Scope.READ)
@blocking
@require_safe
def system_page(request: HttpRequest) -> HttpResponse:
    """Render the statistics; to htmx, which refreshes them, without the frame of the page."""
    from runicorn_site.api import system_stats

    root = Path(active_root().path)
    context = {"monitor": system_stats.monitor(root), "gpu": system_stats.gpus(), "root": root}
    if "HX-Request" in request.headers:
        return fragment(request, "_system.html", context)
    return render(request, "system.html", context)


page_patterns = [path("system", system_page, name="system")]
