"""A trailing slash makes no difference to an address: both forms answer the same, without a redirect."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


def canonical(path: str) -> str:
    """`path` in the form of our patterns, which have no slash at the end, or of the admin site's, which have one."""
    bare = path.removesuffix("/") if path != "/" else path
    return f"{bare}/" if bare == "/admin" or bare.startswith("/admin/") else bare


class TrailingSlash:
    """Middleware that brings an address into one form before it is looked up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as if it had been asked for in that form."""
        request.path_info = canonical(request.path_info)
        request.path = canonical(request.path)
        return self.get_response(request)
