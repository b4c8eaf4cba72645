"""The complete ASGI application."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from channels.routing import URLRouter
from django.urls import re_path

from metrics.live.urls import websocket_patterns as metric_sockets
from runicorn_site.conditional.fast_path import FastPath
from runicorn_site.monitoring.direct_health import DirectHealth
from runicorn_site.monitoring.readiness import readiness_problem
from runicorn_site.security.guard import Policy
from runicorn_site.security.rates.socket_limit import SocketLimit, nowhere
from runicorn_site.server.checked_settings import check_settings, most_sockets
from runicorn_site.server.site import Site
from runicorn_site.transport.dispatch import OneHop
from runicorn_site.transport.routing import route_at
from runs.live.urls import websocket_patterns as run_sockets


def build(policy: Policy) -> Any:
    """The whole application.

    Raises:
        ImproperlyConfigured: `RUNICORN_MAX_SOCKETS` or `RUNICORN_EMBED_ORIGINS` is malformed.
    """
    check_settings()
    router = URLRouter([*run_sockets, *metric_sockets, re_path("", nowhere)])  # type: ignore[arg-type]
    sockets = SocketLimit(router, limit=most_sockets())
    people = policy.people
    problem = readiness_problem if people is None else lambda: readiness_problem() or people.problem()
    requests = OneHop(FastPath(), DirectHealth() if people is None else None)
    return Site(requests, sockets, policy, problem)


@lru_cache(maxsize=4096)
def is_route(path: str) -> bool:
    """Return whether a page, a route of the API or a socket answers at a path as received."""
    decoded = unquote(path)
    sockets = (*run_sockets, *metric_sockets)
    return bool(route_at(decoded)) or any(route.resolve(decoded.removeprefix("/")) for route in sockets)
