"""Choose the language of a page from the browser's preference or the choice made in the settings."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

UNTRANSLATED = ("/api", "/static/", "/openapi.json")
"""Prefixes of what programs read: English whatever a client prefers."""


class PageLanguage:
    """Middleware that activates the language of a page for one request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the language of the request; threads are reused, so the language is reset afterwards."""
        if request.path_info.startswith(UNTRANSLATED):
            # A thread has that language unless something is left of another request.
            if translation.get_language() == settings.LANGUAGE_CODE:
                return self.get_response(request)
            with translation.override(settings.LANGUAGE_CODE):
                return self.get_response(request)
        language = translation.get_language_from_request(request)
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        # With HX-Request a page answers with a part of it, which a browser must not take for the page of that address.
        patch_vary_headers(response, ("Accept-Language", "Cookie", "HX-Request"))
        return response
