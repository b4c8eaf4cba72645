"""WebSocket routes of this app, relative to the site's root without a leading slash."""

from __future__ import annotations

from django.urls import re_path

from runs.live.log_socket import LogSocket

websocket_patterns = [
    re_path(r"^api/runs/(?P<run_id>[^/]+)/logs/ws/?$", LogSocket.as_asgi(), name="run-log-socket"),
]
