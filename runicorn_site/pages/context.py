"""Context processor of all templates."""

from __future__ import annotations

from typing import TypedDict

from django.http import HttpRequest
from django.utils.translation import gettext

from people.access.actor import Actor, actor_of
from people.access.page_rights import PageRights
from runicorn_site.database.monitor import monitor
from runicorn_site.database.prepare import notices
from runicorn_site.pages import appearance
from runicorn_site.pages.demo import Demo, demo
from runicorn_site.web.actor import is_shared


class SiteContext(TypedDict):
    """Messages about the server on every page, the appearance in this browser, and the demo."""

    site_notices: list[str]
    look: dict[str, str]
    demo: Demo
    shared: bool
    """Whether the page is read by a shared link."""
    actor: Actor | None
    may: PageRights


def site_notices(request: HttpRequest) -> SiteContext:
    """Return the context of every page."""
    shared = is_shared(request)
    problems = [] if shared else [*notices, *map(gettext, filter(None, [monitor.problem]))]
    actor = actor_of(getattr(request, "scope", {}))
    return {
        "site_notices": problems,
        "look": appearance.current_choices(request),
        "demo": demo,
        "shared": shared,
        "actor": actor,
        "may": PageRights(actor),
    }
