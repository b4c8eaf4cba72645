"""Section of the settings page that checks the store in the background, as `runicorn fsck` does."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_http_methods

from runicorn_site.pages.forms import CheckForm
from runicorn_site.pages.settings import show_settings
from runicorn_site.web.access import Scope, access
from runicorn_site.web.addresses import site_address
from runicorn_site.web.pools import blocking
from runicorn_site.web.responses import fragment


# The disk of the store may not respond.
@access(Scope.ADMIN)
@blocking
@require_http_methods(["GET", "HEAD", "POST"])
def show_check(request: HttpRequest) -> HttpResponse:
    """Start a check, or repair what it found, or render the settings; to scripts that follow a check, only that."""
    from runicorn_site.pages.background_check import latest_check, repair_findings, start_check

    if request.method == "POST":
        form = CheckForm(request.POST)
        form.full_clean()
        if form.cleaned_data["repair"] and latest_check():
            repair_findings()
        else:
            start_check(contents=form.cleaned_data["contents"])
        return redirect(site_address("/settings/check#check-title"))
    if "HX-Request" in request.headers:
        return fragment(request, "_check.html", {"check": latest_check()})
    return show_settings(request)


page_patterns = [path("settings/check", show_check, name="check-store")]
