"""The page of settings, and the forms that only the site can answer: appearance, storage root, demo."""

from __future__ import annotations

import platform
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from remote.api.requests import RemoveHostKeyBody
from remote.connections import saved
from remote.errors import ConfigurationUnavailable
from remote.services import connections
from runicorn._version import __version__
from runicorn.settings import capabilities
from runicorn.settings import user as own
from runicorn_site.api import storage_root
from runicorn_site.api.system import database_version
from runicorn_site.database.prepare import notices
from runicorn_site.pages import appearance
from runicorn_site.security.browser_sessions import end_all
from runicorn_site.security.guard import HAS_TOKEN
from runicorn_site.server.demo import CannotStart, demo
from runicorn_site.web.endpoint import validate
from runicorn_site.web.pools import blocking
from runs.active_root import active_root

SAID = {
    "look": "Saved.",
    "root": "This viewer and new scripts use this folder now.",
    "host": "The host was forgotten, with whatever was remembered of it.",
    "key": "The key was removed. Who connects to that host is asked about its key again.",
}
LIBRARIES = ("Django", "djangorestframework", "channels", "daphne", "numpy")


@blocking
@require_safe
def settings_page(request: HttpRequest) -> HttpResponse:
    """The settings of this browser, this user and this viewer."""
    return render(request, "settings.html", settings_context(request))


def settings_context(request: HttpRequest, asked: str = "") -> dict[str, Any]:
    """What the page shows whatever was asked."""
    configured = own.read_user_config().get("user_root_dir")
    return {
        "root": active_root(),
        "configured": configured if isinstance(configured, str) else "",
        "by_environment": own.get("RUNICORN_DIR"),
        "asked": asked or active_root().path,
        "now": storage_root.look(Path(active_root().path)),
        "choices": choices(request),
        "about": about(),
        **hosts_context(),
        "asks_for_token": HAS_TOKEN in getattr(request, "scope", {}),
        "said": SAID.get(request.GET.get("said", "")),
        "freed": count(request.GET.get("freed", "")),
    }


def hosts_context() -> dict[str, Any]:
    """Saved connections and the keys of known hosts, or why they cannot be read."""
    context: dict[str, Any] = {}
    for name, read in (("hosts", saved.saved_connections), ("keys", connections.known_hosts)):
        try:
            context[name] = read()
        except ConfigurationUnavailable as error:
            context[f"{name}_unread"] = str(error.detail)
    return context


def count(text: str) -> int | None:
    """A number of bytes from an address; None when it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def choices(request: HttpRequest) -> list[dict[str, Any]]:
    """The choices of appearance with the present one."""
    now = appearance.chosen(request)
    return [c._asdict() | {"now": now[c.name]} for c in appearance.CHOICES]


def about() -> list[tuple[str, str]]:
    """Label and text of what there is to know about this installation."""
    database = connection.settings_dict
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    state = notices[0] if notices else "sound"
    return [
        ("Runicorn", __version__),
        ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("Libraries", versions),
        ("Configuration", str(own.config_directory())),
        ("Data", str(settings.STATE_DIR)),
        ("Database", str(database["NAME"])),
        ("Database kind", f"{connection.display_name} {database_version()}, {state}"),
        ("Switched off", switched_off()),
        ("Licence", "MIT"),
    ]


def switched_off() -> str:
    """Return the names of the capabilities that are off, for people to read."""
    try:
        return ", ".join(sorted(capabilities.disabled())) or "nothing"
    except capabilities.UnknownCapability as error:
        return str(error)


@require_POST
def change_look(request: HttpRequest) -> HttpResponse:
    """Take over theme and density for this browser."""
    answer = redirect("/settings?said=look")
    appearance.keep(request, answer)
    return answer


@blocking
@require_POST
def change_root(request: HttpRequest) -> HttpResponse:
    """Make another folder the storage root, or with `check` only look at it; what is wrong with it is said."""
    asked, status = request.POST.get("path", "").strip(), 200
    answer: dict[str, Any] = {}
    try:
        if "check" not in request.POST:
            storage_root.switch(asked)
            return redirect("/settings?said=root")
        answer["looked"] = storage_root.look(own.checked_root(asked))
    except own.InvalidRoot as error:
        answer["refused"], status = f"This cannot be the storage root: {error}.", 400
    except OSError as error:
        answer["refused"], status = f"The configuration could not be written: {error.strerror}.", 503
    return render(request, "settings.html", settings_context(request, asked) | answer, status=status)


@blocking
@require_POST
def forget_host(request: HttpRequest) -> HttpResponse:
    """Forget a saved connection and its secrets; once more changes nothing."""
    with suppress(saved.SavedConnectionNotFound):
        saved.forget_connection(request.POST.get("key", ""))
    return redirect("/settings?said=host#hosts-title")


@blocking
@require_POST
def remove_key(request: HttpRequest) -> HttpResponse:
    """Forget the keys of a type that a host is known by; connections that are open stay."""
    asked = {name: request.POST.get(name, "") for name in ("host", "key_type")}
    # As a number: a body of the API converts nothing.
    connections.remove_host_key(
        **validate(RemoveHostKeyBody, {**asked, "port": count(request.POST.get("port", ""))})
    )
    return redirect("/settings?said=key#keys-title")


@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End the sessions of all browsers, this one included; open pages ask for the token again."""
    end_all(Path(settings.STATE_DIR))
    return redirect("settings")


@require_POST
def start_demo(request: HttpRequest) -> HttpResponse:
    """Begin to train the demo, and lead to the table that shows it."""
    try:
        demo.start()
    except CannotStart as error:
        context = {"status": 409, "title": "The demo was not started", "sentence": error}
        return render(request, "error.html", context, status=409)
    return redirect("runs")


@require_POST
def cancel_demo(request: HttpRequest) -> HttpResponse:
    """Stop the demo; the runs it has made stay."""
    demo.cancel()
    return redirect("runs")


page_patterns = [
    path("settings", settings_page, name="settings"),
    path("settings/look", change_look, name="change-look"),
    path("settings/root", change_root, name="change-root"),
    path("settings/hosts/forget", forget_host, name="settings-forget-host"),
    path("settings/keys/remove", remove_key, name="settings-remove-key"),
    path("settings/sessions/end", end_sessions, name="settings-end-sessions"),
    path("demo/start", start_demo, name="start-demo"),
    path("demo/cancel", cancel_demo, name="cancel-demo"),
]
