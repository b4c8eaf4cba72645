"""Context processor of all templates."""

from __future__ import annotations

from typing import TypedDict

from django.http import HttpRequest
from django.utils.translation import gettext

from runicorn_site.database.monitor import monitor
from runicorn_site.database.prepare import notices
from runicorn_site.pages import appearance
from runicorn_site.server.demo import Demo, demo


class SiteContext(TypedDict):
    """Messages about the server on every page, the appearance in this browser, and the demo."""

    site_notices: list[str]
    look: dict[str, str]
    demo: Demo


def site_notices(request: HttpRequest) -> SiteContext:
    """Return what every page shows."""
    return {
        "site_notices": [*notices, *map(gettext, filter(None, [monitor.problem]))],
        "look": appearance.chosen(request),
        "demo": demo,
    }
