"""Views of the OpenAPI document, Swagger UI and ReDoc; the only users of drf-spectacular's views."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import orjson
from django.http import HttpRequest
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.renderers import TemplateHTMLRenderer

from runicorn_site.api.typed_responses import annotate

_generating = threading.Lock()


def only_the_api(endpoints: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Hook of drf-spectacular: leave out routes outside /api, such as the chart data of pages, and describe the others."""
    api_endpoints = [endpoint for endpoint in endpoints if f"{endpoint[0]}/".startswith("/api/")]
    for _, _, method, callback in api_endpoints:
        annotate(callback.cls, method)
    return api_endpoints


@lru_cache(maxsize=1)
def schema() -> bytes:
    """Return the OpenAPI document; routes do not change while the process runs."""
    generator: Any = SchemaGenerator
    with _generating:  # drf-spectacular loads its extensions on first use, not safe for threads
        return orjson.dumps(generator().get_schema(request=None, public=True))


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
