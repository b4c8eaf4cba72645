"""Page of settings."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, NotRequired, TypedDict

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from people.models import Share
from people.shares import services as shares
from people.shares.api import share_url
from remote.connections import repository
from remote.connections.entry_format import ConnectionProfile
from remote.errors import ConfigurationUnavailable
from remote.models import KnownHost
from remote.services import connections
from runicorn._version import __version__
from runicorn.settings import capabilities
from runicorn.settings import user as own
from runicorn_site.api import storage_root
from runicorn_site.database.durable import SCHEMA, durable_file
from runicorn_site.database.prepare import notices
from runicorn_site.monitoring.health import database_version
from runicorn_site.pages import appearance
from runicorn_site.security.guard import HAS_TOKEN
from runicorn_site.web.access import Scope, access
from runicorn_site.web.messages import translated
from runicorn_site.web.pools import blocking
from runs.active_root import active_root
from runs.models import Run

NOTICES = {
    "appearance": _("Saved."),
    "root": _("This server and new scripts now use this folder."),
    "host": _("The host and its saved credentials were deleted."),
    "share": _("The link was revoked."),
    "key": _("The key was deleted. The next connection to this host asks about its key again."),
}
LIBRARIES = ("Django", "djangorestframework", "channels", "daphne", "numpy")


@access(Scope.ADMIN)
@blocking
@require_safe
def settings_page(request: HttpRequest) -> HttpResponse:
    """Render the settings of this browser, this user and this viewer."""
    return show_settings(request)


class ShownChoice(NamedTuple):
    name: str
    label: str | Promise
    options: Mapping[str, str | Promise]
    now: str


class HostsContext(TypedDict):
    """Saved connections and known host keys, or why they cannot be read."""

    hosts: NotRequired[list[ConnectionProfile]]
    keys: NotRequired[list[KnownHost]]
    hosts_unread: NotRequired[str]
    keys_unread: NotRequired[str]


class ShownShare(NamedTuple):
    """A link with the name of its board or first run, and the number of its other runs."""

    share: Share
    name: str
    others: int
    url: str


class SharesContext(TypedDict):
    """Shared links, or why they cannot be read."""

    shares: NotRequired[list[ShownShare]]
    shares_unread: NotRequired[str]


def show_settings(request: HttpRequest, status: int = 200, **more: object) -> HttpResponse:
    """Render the page, with the results of its forms in `more`; `asked` is the path of a storage root."""
    from runicorn_site.pages.background_check import latest_check

    configured = own.read_user_config().get("user_root_dir")
    context = {
        "root": active_root(),
        "configured": configured if isinstance(configured, str) else "",
        "by_environment": own.get("RUNICORN_DIR"),
        "asked": more.pop("asked", "") or active_root().path,
        "now": storage_root.inspect(Path(active_root().path)),
        "choices": choices(request),
        "about": about(),
        "check": latest_check(),
        **hosts_context(),
        **shares_context(request, lambda: shares.current(None)),
        "asks_for_token": HAS_TOKEN in getattr(request, "scope", {}),
        "notice": NOTICES.get(request.GET.get("notice", "")),
        "freed": count(request.GET.get("freed", "")),
    }
    return render(request, "settings.html", context | more, status=status)


def hosts_context() -> HostsContext:
    """Read the saved connections and the known host keys."""
    context: HostsContext = {}
    try:
        context["hosts"] = repository.saved_connections()
    except ConfigurationUnavailable as error:
        context["hosts_unread"] = translated(error.detail)
    try:
        context["keys"] = connections.known_hosts()
    except ConfigurationUnavailable as error:
        context["keys_unread"] = translated(error.detail)
    return context


def shares_context(request: HttpRequest, read: Callable[[], list[Share]]) -> SharesContext:
    """Read shared links, and the names of what they show."""
    try:
        shares = read()
    except DatabaseError:
        return {"shares_unread": gettext("The list cannot be read. Try again shortly.")}
    targets = {share: share.run_ids or (share.target,) for share in shares}
    first = [ids[0] for ids in targets.values()]
    names = {run.run_id: run.label for run in Run.objects.in_root(active_root()).filter(run_id__in=first)}
    return {
        "shares": [
            ShownShare(share, names.get(ids[0], ids[0]), len(ids) - 1, share_url(request, share))
            for share, ids in targets.items()
        ]
    }


def count(text: str) -> int | None:
    """Return a number of bytes in a query string, or None if it is malformed."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def choices(request: HttpRequest) -> list[ShownChoice]:
    """Return the choices of appearance with their values in this browser."""
    now = appearance.current_choices(request)
    return [ShownChoice(c.name, c.label, c.options, now[c.name]) for c in appearance.CHOICES]


def about() -> list[tuple[str, str]]:
    from importlib import metadata  # takes a hundredth of the start

    database = connection.settings_dict
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    state = notices[0] if notices else gettext("intact")
    return [
        ("Runicorn", __version__),
        ("Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"),
        (gettext("Libraries"), versions),
        (gettext("Configuration"), str(own.config_directory())),
        (gettext("Data"), str(settings.STATE_DIR)),
        (gettext("Index"), str(database["NAME"])),
        (gettext("Durable database"), str(durable_file() or f"{database['NAME']}, {SCHEMA}")),
        (gettext("Database version"), f"{connection.display_name} {database_version()}, {state}"),
        (gettext("Disabled"), switched_off()),
        (gettext("License"), "MIT"),
    ]


def switched_off() -> str:
    """Return the names of the disabled capabilities."""
    try:
        return ", ".join(sorted(capabilities.disabled())) or gettext("none")
    except capabilities.UnknownCapability as error:
        return translated(str(error))


page_patterns = [path("settings", settings_page, name="settings")]
