"""Middleware that answers unsupported methods with 405, before the CSRF check answers 403."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from runicorn_site.security.headers import is_api

View = Callable[..., HttpResponseBase]


class Methods:
    """Middleware before Django's CSRF check; DRF does this for the routes of the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: Any, kwargs: Any
    ) -> HttpResponseNotAllowed | None:
        """Refuse a method that the view does not support, if its methods are known."""
        allowed = None if is_api(request.path_info) else methods(view)
        if allowed is None or request.method in allowed:
            return None
        return HttpResponseNotAllowed(allowed)


@lru_cache(maxsize=1024)
def methods(view: View) -> tuple[str, ...] | None:
    """Return the methods of a class-based view, or of one decorated with `require_safe` and the like."""
    made_from = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if made_from is not None:
        names = getattr(view, "view_initkwargs", {}).get("http_method_names", made_from.http_method_names)
        return tuple(name.upper() for name in names if name == "head" or hasattr(made_from, name))
    function: Any = view
    while inspect.isfunction(function):
        method_names = inspect.getclosurevars(function).nonlocals.get("request_method_list")
        if method_names:
            return tuple(method_names)
        function = getattr(function, "__wrapped__", None)
    return None
