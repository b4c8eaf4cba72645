"""Documentation of the API: OpenAPI at /openapi.json, Swagger UI at /docs, ReDoc at /redoc.

The templates (`templates/drf_spectacular/`) have no inline scripts and load nothing from other hosts.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.renderers import TemplateHTMLRenderer

LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"


def only_the_api(endpoints: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Hook of drf-spectacular: leave out routes outside /api, such as the chart data of pages."""
    return [endpoint for endpoint in endpoints if f"{endpoint[0]}/".startswith("/api/")]


@lru_cache(maxsize=1)
def schema() -> bytes:
    """Return the OpenAPI document; routes do not change while the process runs."""
    generator: Any = SchemaGenerator
    return orjson.dumps(generator().get_schema(request=None, public=True))


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Return the OpenAPI document."""
    return HttpResponse(schema(), content_type="application/json")


class Swagger(SpectacularSwaggerSplitView):
    """Swagger UI; its script is at `/docs?script=`, because pages have no inline scripts."""

    http_method_names = ["get", "head"]
    renderer_classes = [TemplateHTMLRenderer]
    url = "/openapi.json"
    url_self = "/docs"


class Redoc(SpectacularRedocView):
    """ReDoc."""

    http_method_names = ["get", "head"]
    url = "/openapi.json"

    @staticmethod
    def _redoc_standalone() -> str:
        return "/redoc.js"


@require_safe
def redoc_script(request: HttpRequest) -> HttpResponse:
    """Return the script of ReDoc without its logo, which is loaded from another host."""
    response = HttpResponse(redoc_without_logo(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "max-age=3600"
    return response


@lru_cache(maxsize=1)
def redoc_without_logo() -> bytes:
    """Return the bundle of the sidecar with an empty data URL in place of the logo."""
    bundle = finders.find("drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js")
    assert bundle is not None
    return Path(bundle).read_bytes().replace(LOGO, b"data:,")


documentation_patterns = [
    path("openapi.json", openapi, name="openapi"),
    path("docs", Swagger.as_view(), name="docs"),
    path("redoc.js", redoc_script),
    path("redoc", Redoc.as_view(), name="redoc"),
]
