"""Counts of requests by route, for `/metrics`."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from runicorn_site.security.guard import Receive, Scope, Send
from runicorn_site.transport.dispatch import route_at

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper limits in seconds of the histogram of durations; a last bucket has no limit."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass
class Durations:
    """Histogram of the durations of the requests of one method and route."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds


class RequestCounts:
    """Requests of this process since its start. Only the event loop writes."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        """By method, route and status."""
        self.durations: dict[tuple[str, str], Durations] = {}
        """By method and route."""
        self.sockets = 0
        """Open WebSockets."""

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests[method, route, status] += 1
        self.durations.setdefault((method, route), Durations()).add(seconds)


request_counts = RequestCounts()


class CountRequests:
    """ASGI middleware around the whole application, so that refused requests are counted too."""

    def __init__(self, app: Any, counts: RequestCounts = request_counts) -> None:
        self.app = app
        self.counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, and count the request when its answer is complete."""
        if scope["type"] == "websocket":
            self.counts.sockets += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.counts.sockets -= 1
        else:
            await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), 0

        async def send_and_look(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_look)
        finally:
            if status:  # else the client left before an answer
                method = scope["method"] if scope["method"] in METHODS else "other"
                self.counts.add(method, route_at(scope["path"]), status, time.perf_counter() - started)
