"""Middleware that ignores the trailing slash of a path, without a redirect."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from runicorn_site.web.addresses import site_address


def canonical(path: str) -> str:
    """Return `path` without a trailing slash, or with one for the admin site, as their URL patterns have it."""
    bare = path.removesuffix("/") if path != "/" else path
    return f"{bare}/" if bare == "/admin" or bare.startswith("/admin/") else bare


class TrailingSlash:
    """Middleware that normalizes the path before it is resolved."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.path_info = canonical(request.path_info)
        request.path = site_address(request.path_info)
        return self.get_response(request)
