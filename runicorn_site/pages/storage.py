"""Section of the settings page that frees disk space: lists garbage, then deletes exactly that."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST
from rest_framework.exceptions import APIException

from artifacts.services import maintenance
from runicorn_site.pages.forms import FreeSpaceForm
from runicorn_site.pages.settings import show_settings
from runicorn_site.web.access import Scope, access
from runicorn_site.web.addresses import site_address
from runicorn_site.web.messages import sentence_of
from runicorn_site.web.pools import blocking
from runs.active_root import active_root


# Every manifest of the store is read.
@access(Scope.ADMIN)
@blocking
@require_POST
def free_space(request: HttpRequest) -> HttpResponse:
    """Show what can be freed; with the fingerprint of that in `promise`, free it if it has not changed."""
    form = FreeSpaceForm(request.POST)
    promise = form.cleaned_data["promise"] if form.is_valid() else ""
    context: dict[str, object]
    try:
        garbage = maintenance.find_garbage(active_root())
        if garbage and promise == garbage.fingerprint:
            removed = maintenance.collect_garbage(root=active_root(), promised=garbage)
            return redirect(site_address(f"/settings?freed={removed.bytes}#space-title"))
        has_changed = "promise" in request.POST and bool(garbage)
        context, status = {"garbage": garbage, "changed": has_changed}, 409 if has_changed else 200
    except APIException as error:
        context, status = {"space_refused": sentence_of(error)}, error.status_code
    return show_settings(request, status, **context)


page_patterns = [path("settings/space", free_space, name="free-space")]
