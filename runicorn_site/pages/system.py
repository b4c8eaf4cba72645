"""The page about the machine, which no app knows of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from runicorn_site.api import system_stats
from runicorn_site.web.fragments import fragment
from runicorn_site.web.pools import blocking
from runs.active_root import active_root


@blocking
@require_safe
def system_page(request: HttpRequest) -> HttpResponse:
    """Processor, memory, disk and GPUs; asked again by its own script, which takes the figures alone."""
    context = figures()
    if "HX-Request" in request.headers:
        return fragment(request, "_system.html", context)
    return render(request, "system.html", context)


# The disk may be a network file system that does not answer, and nvidia-smi takes its time.


def figures() -> dict[str, Any]:
    """The figures of the machine, and the sentence about GPUs where there is none."""
    root = Path(active_root().path)
    return {"monitor": system_stats.monitor(root), "gpu": system_stats.gpus(), "root": root}


page_patterns = [path("system", system_page, name="system")]
