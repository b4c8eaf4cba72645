"""Pages and settings that the palette offers, to whom they are open."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypedDict

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from people.access.page_rights import PageRights


class PaletteEntry(TypedDict):
    """One place to go: its label, what it is within (a project, a type), its address, and an icon of the sprite."""

    kind: str
    label: str
    detail: str
    url: str
    icon: str


def anyone(_may: PageRights) -> bool:
    return True


def admin(may: PageRights) -> bool:
    return may.admin


def curator(may: PageRights) -> bool:
    return may.curate


def accounts(may: PageRights) -> bool:
    return may.actor is not None and may.admin


class Destination(NamedTuple):
    """A page, or a section of one (`#id`)."""

    kind: str
    label: str | Promise
    route: str
    icon: str
    words: str = ""
    """Other words that it is found by, in English."""
    is_open: Callable[[PageRights], bool] = anyone
    section: str = ""


PLACES = (
    Destination("page", _("Projects"), "projects", "project"),
    Destination("page", _("Runs"), "runs", "runs", "table experiments"),
    Destination("page", _("Artifacts"), "artifacts", "artifacts", "models datasets versions"),
    Destination("page", _("Alerts"), "alerts", "bell", "rules notifications"),
    Destination("page", _("Remote"), "remote", "remote", "ssh hosts", admin),
    Destination("page", _("Settings"), "settings", "settings", "preferences", admin),
    Destination("page", _("System"), "system", "system", "cpu gpu memory disk"),
    Destination("page", _("Recycle bin"), "recycle-bin", "bin", "deleted trash restore"),
    Destination("page", _("API docs"), "docs", "api", "swagger openapi"),
    Destination("page", _("API reference"), "redoc", "api", "redoc openapi"),
    Destination("page", _("Import"), "import", "save", "archive watch", admin),
    Destination("page", _("Users"), "users", "users", "people invite rights", accounts),
    Destination("page", _("New alert rule"), "new-alert-rule", "bell", "", curator),
    Destination("setting", _("Appearance"), "settings", "theme", "theme dark light density language", admin, "look-title"),
    Destination("setting", _("Storage root"), "settings", "project", "folder store", admin, "root-title"),
    Destination("setting", _("Disk space"), "settings", "artifacts", "free garbage", admin, "space-title"),
    Destination("setting", _("Check the store"), "settings", "finished", "fsck verify", admin, "check-title"),
    Destination("setting", _("Demo"), "settings", "runs", "example digits tour", admin, "demo-title"),
    Destination("setting", _("Saved hosts"), "settings", "remote", "ssh", admin, "hosts-title"),
    Destination("setting", _("Known hosts"), "settings", "remote", "ssh keys", admin, "keys-title"),
    Destination("setting", _("Shared links"), "settings", "share", "", admin, "shares-title"),
    Destination("setting", _("About"), "settings", "system", "version", admin, "about-title"),
)  # fmt: skip


def places(text: str, may: PageRights, most: int) -> list[PaletteEntry]:
    """Return the first `most` pages and settings with `text` in their names or words, in the language of the request."""
    entries = []
    for place in PLACES:
        label = str(place.label)
        if not place.is_open(may) or text.lower() not in f"{label} {place.words}".lower():
            continue
        try:
            url = reverse(place.route)
        except NoReverseMatch:  # pages of users exist only with users
            continue
        entries.append(
            PaletteEntry(
                kind=place.kind,
                label=label,
                detail="",
                url=url + (f"#{place.section}" if place.section else ""),
                icon=place.icon,
            )
        )
    return entries[:most]
