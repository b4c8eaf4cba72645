"""405 before 403: a method that a page does not have is said to be so, whether or not a form's token came with it."""

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
    """Middleware before Django's check of forms; routes of the API, which has no forms, see to it themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: Any, kwargs: Any
    ) -> HttpResponseNotAllowed | None:
        """Refuse a method that the view does not have; what cannot be known of a view is left to it."""
        allowed = None if is_api(request.path_info) else methods(view)
        if allowed is None or request.method in allowed:
            return None
        return HttpResponseNotAllowed(allowed)


@lru_cache(maxsize=1024)
def methods(view: View) -> tuple[str, ...] | None:
    """The methods of a view made from a class or decorated with `require_safe` and its like."""
    made_from = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if made_from is not None:
        names = getattr(view, "view_initkwargs", {}).get("http_method_names", made_from.http_method_names)
        return tuple(name.upper() for name in names if name == "head" or hasattr(made_from, name))
    function: Any = view
    while inspect.isfunction(function):
        listed = inspect.getclosurevars(function).nonlocals.get("request_method_list")
        if listed:
            return tuple(listed)
        function = getattr(function, "__wrapped__", None)
    return None
