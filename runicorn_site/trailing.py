"""A trailing slash makes no difference to an address: both forms answer the same, without a redirect."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


def without_slash(path: str) -> str:
    """`path` in the form of our patterns; addresses of the admin site keep theirs."""
    if path.endswith("/") and path != "/" and not path.startswith("/admin/"):
        return path[:-1]
    return path


class TrailingSlash:
    """Middleware that takes one trailing slash off before an address is looked up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as if the slash had not been there."""
        request.path_info = without_slash(request.path_info)
        request.path = without_slash(request.path)
        return self.get_response(request)
