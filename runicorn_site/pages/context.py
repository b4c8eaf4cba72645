"""What every template may say."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from runicorn_site.database.monitor import monitor
from runicorn_site.database.prepare import notices
from runicorn_site.pages import appearance
from runicorn_site.server.demo import demo


def site_notices(request: HttpRequest) -> dict[str, Any]:
    """`site_notices`: sentences about the server that whoever looks at a page should know; `look` and `demo`."""
    return {
        "site_notices": [*notices, *filter(None, [monitor.problem])],
        "look": appearance.chosen(request),
        "demo": demo,
    }
