"""Index of the routes below `/api` and `/api/v2`."""

from __future__ import annotations

import json

from django.urls import path, reverse
from rest_framework.request import Request
from rest_framework.response import Response

from runicorn._version import __version__
from runicorn.api.responses import system as responses
from runicorn_site.api import openapi
from runicorn_site.web.access import Scope
from runicorn_site.web.addresses import site_address
from runicorn_site.web.endpoint import route


@route("GET", scope=Scope.READ, returns=responses.ApiIndex)
def api_index(request: Request) -> Response:
    """Return every route at this address and below it, and where they are documented."""
    above = request.path_info.rstrip("/")
    paths = json.loads(openapi.schema())["paths"]
    routes = [
        responses.Route(method=method.upper(), path=site_address(route))
        for route, methods in sorted(paths.items())
        for method in methods
        if route == above or route.startswith(f"{above}/")
    ]
    return Response(
        responses.ApiIndex(
            version=__version__,
            documentation=reverse("docs"),
            openapi=reverse("openapi"),
            routes=routes,
        )
    )


index_patterns = [
    path("api", api_index, name="api-index"),
    path("api/v2", api_index, name="api-v2-index"),
]
