"""Routes of the API documentation: OpenAPI at /openapi.json, Swagger UI at /docs, ReDoc at /redoc.

The templates (`templates/drf_spectacular/`) have no inline scripts and load nothing from other hosts.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import orjson
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runicorn_site.web.addresses import site_address

LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"


def schema() -> bytes:
    """Return the OpenAPI document."""
    # drf-spectacular loads Django's tools for tests, and most viewers are never asked for the document.
    from runicorn_site.api import openapi_document

    return openapi_document.schema()


@lru_cache(maxsize=8)
def schema_below(prefix: str) -> bytes:
    """Return the OpenAPI document of a server whose addresses begin with a prefix."""
    return orjson.dumps(orjson.loads(schema()) | {"servers": [{"url": prefix}]}) if prefix else schema()


@access(Scope.READ)
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Return the OpenAPI document."""
    return HttpResponse(schema_below(site_address("")), content_type="application/json")


@access(Scope.READ)
@require_safe
def swagger(request: HttpRequest) -> HttpResponseBase:
    """Return Swagger UI."""
    from runicorn_site.api.openapi_document import Swagger

    return Swagger.as_view()(request)


@access(Scope.READ)
@require_safe
def redoc(request: HttpRequest) -> HttpResponseBase:
    """Return ReDoc."""
    from runicorn_site.api.openapi_document import Redoc

    return Redoc.as_view()(request)


@access(Scope.READ)
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
    path("docs", swagger, name="docs"),
    path("redoc.js", redoc_script, name="redoc-script"),
    path("redoc", redoc, name="redoc"),
]
