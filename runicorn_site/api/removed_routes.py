"""Removed routes of earlier versions; the response names the successor."""

from __future__ import annotations

from django.urls import path
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

SUCCESSORS = {
    "unified/connect": "remote/connect",
    "unified/disconnect": "remote/disconnect",
    "unified/status": "remote/status",
    "unified/listdir": "remote/fs/list",
    "unified/configure_mode": "remote/viewer/start",
    "unified/deactivate_mode": "remote/viewer/stop",
    "ssh/connect": "remote/connect",
    "ssh/sessions": "remote/sessions",
    "ssh/close": "remote/disconnect",
    "ssh/listdir": "remote/fs/list",
    "ssh/mirror/start": "remote/viewer/start",
    "ssh/mirror/stop": "remote/viewer/stop",
    "ssh/mirror/list": "remote/viewer/sessions",
}


class Gone(APIException):
    """The route was replaced."""

    status_code = status.HTTP_410_GONE


class RemovedRoute(APIView):
    """A route of Runicorn before 0.6."""

    schema = None

    def initial(self, request: Request, *args: object, **kwargs: str) -> None:
        """Name the successor, for every method."""
        super().initial(request, *args, **kwargs)
        old = f"{kwargs['family']}/{kwargs.get('rest', '')}".rstrip("/")
        raise Gone(f"/api/{old} was replaced by /api/{SUCCESSORS.get(old, 'remote/status')}")


class NoSuchRoute(APIView):
    """Any other address under /api."""

    schema = None

    def initial(self, request: Request, *args: object, **kwargs: str) -> None:
        """Answer 404 in the format that the client prefers."""
        super().initial(request, *args, **kwargs)
        raise NotFound


removed_patterns = [
    path(f"{family}{rest}", RemovedRoute.as_view(), {"family": family})
    for family in ("unified", "ssh")
    for rest in ("", "/<path:rest>")
]
