"""What every template may say."""

from __future__ import annotations

from django.http import HttpRequest

from runicorn_site.database import notices


def site_notices(request: HttpRequest) -> dict[str, list[str]]:
    """`site_notices`: sentences about the server that whoever looks at a page should know."""
    return {"site_notices": notices}
