"""Form actions of the settings page: appearance, storage root, saved hosts, shared links, browser sessions."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from people.shares import services as shares
from people.shares.errors import ShareNotFound
from remote.connections import repository
from remote.services import connections
from runicorn.settings.user_root import InvalidRoot, checked_root
from runicorn_site import errors
from runicorn_site.api import storage_root
from runicorn_site.pages import appearance
from runicorn_site.pages.forms import AppearanceForm, ForgetHostForm, RemoveKeyForm, RootForm
from runicorn_site.pages.settings import show_settings
from runicorn_site.security.browser_sessions import end_all
from runicorn_site.web.access import Scope, access
from runicorn_site.web.addresses import site_address
from runicorn_site.web.messages import first_error, translated
from runicorn_site.web.pools import blocking


@access(Scope.READ, recorded=False)
@require_POST
def change_look(request: HttpRequest) -> HttpResponse:
    """Save theme, density and language in cookies of this browser."""
    page = "account" if request.POST.get("from") == "account" else "settings"
    response = redirect(site_address(f"/{page}?notice=appearance"))
    appearance.set_cookies(response, AppearanceForm(request.POST).valid_choices())
    return response


@access(Scope.ADMIN)
@blocking
@require_POST
def change_root(request: HttpRequest) -> HttpResponse:
    """Make another folder the storage root, or with `check` describe it; errors are shown beside the form."""
    form = RootForm(request.POST)
    inspection, refused, status = None, "", 200
    try:
        if not form.is_valid():
            refused, status = first_error(form), 400
        elif form.cleaned_data["check"]:
            inspection = storage_root.inspect(checked_root(form.cleaned_data["path"]))
        else:
            storage_root.switch(form.cleaned_data["path"])
            if request.POST.get("from") == "runs":
                return redirect("runs")
            return redirect(site_address("/settings?notice=root"))
    except InvalidRoot as error:
        refused, status = (
            gettext("Invalid storage root: %(reason)s.") % {"reason": translated(str(error))},
            400,
        )
    except OSError as error:
        refused, status = (
            gettext("The configuration could not be written: %(reason)s.") % {"reason": error.strerror},
            503,
        )
    path_asked = request.POST.get("path", "").strip()
    return show_settings(request, status, asked=path_asked, looked=inspection, refused=refused)


@access(Scope.ADMIN)
@blocking
@require_POST
def forget_host(request: HttpRequest) -> HttpResponse:
    """Remove a saved connection and its secrets; an unknown one changes nothing."""
    form = ForgetHostForm(request.POST)
    if form.is_valid():
        with suppress(repository.SavedConnectionNotFound):
            repository.delete_connection(form.cleaned_data["key"])
    return redirect(site_address("/settings?notice=host#hosts-title"))


@access(Scope.ADMIN)
@blocking
@require_POST
def remove_key(request: HttpRequest) -> HttpResponse:
    """Remove the known keys of a host of one type; open connections stay open."""
    form = RemoveKeyForm(request.POST)
    if not form.is_valid():
        return errors.error_answer(request, 400, first_error(form))
    connections.remove_host_key(**form.cleaned_data)
    return redirect(site_address("/settings?notice=key#keys-title"))


@access(Scope.ADMIN, session_only=True)
@blocking
@require_POST
def revoke_share(request: HttpRequest) -> HttpResponse:
    """Revoke a shared link; an unknown one changes nothing."""
    with suppress(ShareNotFound):
        shares.revoke(request.POST.get("id", ""), None)
    return redirect(site_address("/settings?notice=share#shares-title"))


@access(Scope.ADMIN, session_only=True)
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End the sessions of all browsers; open pages ask for the token again."""
    end_all(Path(settings.STATE_DIR))
    return redirect("settings")


page_patterns = [
    path("settings/look", change_look, name="change-look"),
    path("settings/root", change_root, name="change-root"),
    path("settings/hosts/forget", forget_host, name="settings-forget-host"),
    path("settings/keys/remove", remove_key, name="settings-remove-key"),
    path("settings/shares/revoke", revoke_share, name="settings-revoke-share"),
    path("settings/sessions/end", end_sessions, name="settings-end-sessions"),
]
