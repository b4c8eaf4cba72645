"""Which paths the application has, sockets included."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote

from metrics.live.urls import websocket_patterns as metric_sockets
from runicorn_site.transport.dispatch import route_at
from runs.live.urls import websocket_patterns as run_sockets


@lru_cache(maxsize=4096)
def is_route(path: str) -> bool:
    """Return whether a page, a route of the API or a socket answers at a path as received."""
    decoded = unquote(path)
    sockets = (*run_sockets, *metric_sockets)
    return bool(route_at(decoded)) or any(one.resolve(decoded.removeprefix("/")) for one in sockets)
