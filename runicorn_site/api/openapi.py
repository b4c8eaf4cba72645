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
from django.urls import path, reverse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.renderers import TemplateHTMLRenderer

from runicorn_site.web.addresses import site_address

LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"


def only_the_api(endpoints: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Hook of drf-spectacular: leave out routes outside /api, such as the chart data of pages."""
    return [endpoint for endpoint in endpoints if f"{endpoint[0]}/".startswith("/api/")]


@lru_cache(maxsize=1)
def schema() -> bytes:
    """Return the OpenAPI document; routes do not change while the process runs."""
    generator: Any = SchemaGenerator
    return orjson.dumps(generator().get_schema(request=None, public=True))


@lru_cache(maxsize=8)
def schema_below(prefix: str) -> bytes:
    """Return the OpenAPI document of a server whose addresses begin with a prefix."""
    return orjson.dumps(orjson.loads(schema()) | {"servers": [{"url": prefix}]}) if prefix else schema()


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Return the OpenAPI document."""
    return HttpResponse(schema_below(site_address("")), content_type="application/json")


class Swagger(SpectacularSwaggerSplitView):
    """Swagger UI; its script is at `/docs?script=`, because pages have no inline scripts."""

    http_method_names = ["get", "head"]
    renderer_classes = [TemplateHTMLRenderer]

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Set the addresses for the prefix of the request."""
        super().setup(request, *args, **kwargs)
        self.url, self.url_self = reverse("openapi"), reverse("docs")


class Redoc(SpectacularRedocView):
    """ReDoc."""

    http_method_names = ["get", "head"]

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Set the address for the prefix of the request."""
        super().setup(request, *args, **kwargs)
        self.url = reverse("openapi")

    @staticmethod
    def _redoc_standalone() -> str:
        return reverse("redoc-script")


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
    path("redoc.js", redoc_script, name="redoc-script"),
    path("redoc", Redoc.as_view(), name="redoc"),
]
