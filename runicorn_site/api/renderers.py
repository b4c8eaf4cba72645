"""How answers leave the API: JSON for programs, DRF's page in a browser."""

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
    """JSON by orjson: many times quicker than the standard library, and NaN becomes null instead of an error."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """`data` as UTF-8; indented where a person reads it."""
        response = (renderer_context or {}).get("response")
        if data is None and getattr(response, "status_code", None) in WITHOUT_CONTENT:
            return b""
        indent = orjson.OPT_INDENT_2 if (renderer_context or {}).get("indent") else 0
        try:
            return orjson.dumps(data, default=plain, option=OPTIONS | indent)
        except orjson.JSONEncodeError:
            return orjson.dumps(mended(data), default=plain, option=OPTIONS | indent)


def plain(value: Any) -> Any:
    """What orjson does not know by itself: lazy texts, decimals, sets, querysets."""
    return JSONEncoder().default(value)


def mended(data: Any) -> Any:
    """`data` without what JSON readers stumble over: integers beyond 64 bits, file names that are no UTF-8."""
    if isinstance(data, str):
        return data.encode("utf-8", errors="replace").decode()
    if isinstance(data, int) and not -(2**63) <= data < 2**64:
        return float(data) if abs(data) < 10**308 else None
    if isinstance(data, dict):
        return {mended(key): mended(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [mended(value) for value in data]
    return data


class JSONForOthers(DefaultContentNegotiation):
    """JSON, too, for clients that accept nothing that the API has: an answer they did not ask for says more than 406."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        """The renderer that fits `Accept` best, else the first."""
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type


WRITING = ("POST", "PUT", "PATCH", "DELETE")


class BrowsablePages(BrowsableAPIRenderer):
    """The page of a route in our frame: what it answers, and one form that sends JSON to it."""

    def get_context(self, data: Any, accepted_media_type: str | None, renderer_context: Any) -> Any:
        """DRF's, with the methods that change something."""
        context = super().get_context(data, accepted_media_type, renderer_context)
        context["writing"] = [method for method in WRITING if method in context["allowed_methods"]]
        return context

    def get_rendered_html_form(self, data: Any, view: Any, method: str, request: Any) -> None:
        """None: it could only send what the API does not accept."""

    def get_content(
        self, renderer: Any, data: Any, accepted_media_type: str | None, renderer_context: Any
    ) -> str:
        """The beginning of the answer as a program would get it."""
        return str(super().get_content(renderer, beginning(data), accepted_media_type, renderer_context))


def beginning(data: Any) -> Any:
    """`data` with long lists cut after `SHOWN` items, and a last item that says so."""
    if isinstance(data, dict):
        return {key: beginning(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        rest = len(data) - SHOWN
        more = [f"… and {rest} more"] if rest > 0 else []
        return [beginning(value) for value in data[:SHOWN]] + more
    return data
