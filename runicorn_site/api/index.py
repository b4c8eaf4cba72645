"""The index of the API: what is served under `/api` and `/api/v2`."""

from __future__ import annotations

import json

from django.urls import path, reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn._version import __version__
from runicorn_site.api import openapi, schemas


class ApiIndex(APIView):
    """The routes of the API."""

    @extend_schema(responses={200: schemas.ApiIndex})
    def get(self, request: Request) -> Response:
        """Every route at this address and below it, and where they are described."""
        above = request.path.rstrip("/")
        paths = json.loads(openapi.schema())["paths"]
        routes = [
            {"method": method.upper(), "path": route}
            for route, methods in sorted(paths.items())
            for method in methods
            if route == above or route.startswith(f"{above}/")
        ]
        return Response(
            {
                "version": __version__,
                "documentation": reverse("docs"),
                "openapi": reverse("openapi"),
                "routes": routes,
            }
        )


index_patterns = [
    path("api", ApiIndex.as_view(), name="api-index"),
    path("api/v2", ApiIndex.as_view(), name="api-v2-index"),
]
