"""The part of the settings page that gives disk space back: first it says how many bytes, then it frees just those."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST
from rest_framework.exceptions import APIException

from artifacts.services import maintenance
from runicorn.artifacts.garbage import Garbage
from runicorn_site.pages.settings import settings_context
from runicorn_site.web.pools import blocking
from runs.active_root import active_root


@blocking
@require_POST
def free_space(request: HttpRequest) -> HttpResponse:
    """Say what could be freed; with `promise`, which that answer held, free it, if it is still just that."""
    answer: dict[str, Any] = {}
    try:
        found = maintenance.find_garbage(active_root())
        if found and request.POST.get("promise") == found.fingerprint:
            removed = maintenance.collect_garbage(root=active_root(), promised=found)
            return redirect(f"/settings?freed={removed.bytes}#space-title")
        answer = _told(found, "promise" in request.POST)
        status = 409 if answer["changed"] else 200
    except APIException as error:
        answer, status = {"space_refused": str(error.detail)}, error.status_code
    return render(request, "settings.html", settings_context(request) | answer, status=status)


# Every manifest of the store is read.


def _told(found: Garbage, promised: bool) -> dict[str, Any]:
    """What the page says; `changed` when something else was promised before."""
    return {"garbage": found, "changed": promised and bool(found)}


page_patterns = [path("settings/space", free_space, name="free-space")]
