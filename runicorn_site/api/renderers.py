"""Renderers of the API: JSON for programs, DRF's browsable page for browsers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer
from rest_framework.utils.encoders import JSONEncoder

SHOWN = 100
"""Items of a list that the browsable page shows; programs get all."""

WITHOUT_CONTENT = (204, 205, 304)
OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class ORJSONRenderer(BaseRenderer):
    """JSON by orjson: many times faster than the standard library, and NaN becomes null."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return `data` as UTF-8, indented on the browsable page."""
        response = (renderer_context or {}).get("response")
        if data is None and getattr(response, "status_code", None) in WITHOUT_CONTENT:
            return b""
        indent = orjson.OPT_INDENT_2 if (renderer_context or {}).get("indent") else 0
        try:
            return orjson.dumps(data, default=plain, option=OPTIONS | indent)
        except orjson.JSONEncodeError:
            return orjson.dumps(encodable(data), default=plain, option=OPTIONS | indent)


def plain(value: Any) -> Any:
    """Convert values that orjson does not support: lazy texts, decimals, sets, querysets."""
    return JSONEncoder().default(value)


def encodable(data: Any) -> Any:
    """Replace values that JSON parsers reject: integers beyond 64 bits, file names that are not UTF-8."""
    if isinstance(data, str):
        return data.encode("utf-8", errors="replace").decode()
    if isinstance(data, int) and not -(2**63) <= data < 2**64:
        return float(data) if abs(data) < 10**308 else None
    if isinstance(data, dict):
        return {encodable(key): encodable(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [encodable(value) for value in data]
    return data


class JSONForOthers(DefaultContentNegotiation):
    """Negotiation that answers with JSON instead of 406 if a client accepts no format of the API."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the renderer that matches `Accept` best, else the first."""
        accept = request.META.get("HTTP_ACCEPT", "*/*")
        # Nearly all programs: the comparison of media types takes longer than many answers.
        if not format_suffix and accept in ("*/*", renderers[0].media_type):
            return renderers[0], renderers[0].media_type
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type


WRITING = ("POST", "PUT", "PATCH", "DELETE")


class BrowsablePages(BrowsableAPIRenderer):
    """Browsable page of a route: its response, and a form that sends JSON."""

    def get_context(self, data: Any, accepted_media_type: str | None, renderer_context: Any) -> Any:
        """Add the methods that change data."""
        context = super().get_context(data, accepted_media_type, renderer_context)
        context["writing"] = [method for method in WRITING if method in context["allowed_methods"]]
        return context

    def get_rendered_html_form(self, data: Any, view: Any, method: str, request: Any) -> None:
        """Return no HTML form, since the API accepts only JSON."""

    def get_content(
        self, renderer: Any, data: Any, accepted_media_type: str | None, renderer_context: Any
    ) -> str:
        """Return the beginning of the response."""
        return str(super().get_content(renderer, beginning(data), accepted_media_type, renderer_context))


def beginning(data: Any) -> Any:
    """Cut lists after `SHOWN` items, with a last item that counts the others."""
    if isinstance(data, dict):
        return {key: beginning(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        rest = len(data) - SHOWN
        more = [f"… and {rest} more"] if rest > 0 else []
        return [beginning(value) for value in data[:SHOWN]] + more
    return data
