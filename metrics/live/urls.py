"""WebSocket routes of this app, relative to the site's root without a leading slash."""

from __future__ import annotations

from django.urls import re_path

from metrics.live.socket import LiveSocket

websocket_patterns = [
    re_path(r"^runs/(?P<run_id>[^/]+)/live/?$", LiveSocket.as_asgi(), name="run-live-socket"),
]
