"""Requests through a shared link, whose pages are read-only."""

from __future__ import annotations

from django.http import HttpRequest

SHARED = "runicorn.shared"
"""Key of a scope: the share by whose link a request came."""


def is_shared(request: HttpRequest) -> bool:
    return SHARED in getattr(request, "scope", {})
