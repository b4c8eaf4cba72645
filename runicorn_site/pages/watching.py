"""Section of the import page with the watched folders."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import APIException

from runicorn.api.responses.watching import WatchedFolder
from runicorn.settings import capabilities
from runicorn.settings.capabilities import SwitchedOff
from runicorn_site.pages.forms import UnwatchForm, WatchForm
from runicorn_site.watching import services
from runicorn_site.watching.errors import FolderNotFound, UnwatchableFolder
from runicorn_site.web.access import Scope, access
from runicorn_site.web.addresses import site_address
from runicorn_site.web.messages import first_error, sentence_of, translated
from runicorn_site.web.pools import blocking
from runicorn_site.web.responses import fragment
from runs.active_root import active_root


class WatchedContext(TypedDict):
    """The watched folders, or why they cannot be read; what was entered if it was refused."""

    watched: NotRequired[list[WatchedFolder]]
    watched_unread: NotRequired[str]
    can_watch: bool
    watch_refused: NotRequired[str]
    entered: NotRequired[dict[str, str]]


def watched_context() -> WatchedContext:
    try:
        can_watch = "watch" not in capabilities.disabled()
    except capabilities.UnknownCapability:
        can_watch = False
    try:
        return {"watched": services.current(), "can_watch": can_watch}
    except APIException as error:
        return {"watched_unread": sentence_of(error), "can_watch": can_watch}


@access(Scope.ADMIN)
@blocking
@require_safe
def watched_folders(request: HttpRequest) -> HttpResponse:
    """Return the list of folders, which the page refreshes."""
    return fragment(request, "_watched.html", {**watched_context()})


@access(Scope.ADMIN)
@blocking
@require_POST
def watch_folder(request: HttpRequest) -> HttpResponse:
    """Watch a folder; a refusal is shown beside the form."""
    form = WatchForm(request.POST)
    try:
        if form.is_valid():
            services.add(form.cleaned_data["path"], form.cleaned_data["project"])
            return redirect(site_address("/import#watched-title"))
        refused, status = first_error(form), 400
    except APIException as error:
        refused, status = sentence_of(error), error.status_code
    except UnwatchableFolder as error:
        refused, status = translated(error.sentence), 400
    except SwitchedOff as error:
        refused, status = translated(str(error)), 403
    entered = {name: str(request.POST.get(name, "")) for name in form.fields}
    context = {**watched_context(), "root": active_root(), "watch_refused": refused, "entered": entered}
    return render(request, "import.html", context, status=status)


@access(Scope.ADMIN)
@blocking
@require_POST
def unwatch_folder(request: HttpRequest) -> HttpResponse:
    """Stop watching a folder; an unknown one changes nothing."""
    form = UnwatchForm(request.POST)
    try:
        services.remove(form.cleaned_data["id"] if form.is_valid() else "")
    except FolderNotFound:
        pass
    except APIException as error:
        context = {**watched_context(), "root": active_root(), "watch_refused": sentence_of(error)}
        return render(request, "import.html", context, status=error.status_code)
    return redirect(site_address("/import#watched-title"))


page_patterns = [
    path("import/watched", watched_folders, name="watched-folders"),
    path("import/watch", watch_folder, name="watch-folder"),
    path("import/unwatch", unwatch_folder, name="unwatch-folder"),
]
