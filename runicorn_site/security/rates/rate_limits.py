"""Rate limits: one middleware counts the requests to /api by client address and route.

The address is the peer's, or the one that a trusted proxy reports (`security/forwarding.py`). A route is a method and a URL pattern.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.http.response import HttpResponseBase, JsonResponse
from django.urls import Resolver404, resolve
from django_ratelimit.core import get_usage

from runicorn.settings.user import config_directory, get
from runicorn.store import layout
from runicorn_site.security.guard import Scope
from runicorn_site.security.headers import is_api
from runicorn_site.security.rates.counters import CounterCache
from runicorn_site.security.rates.rate_table import Limit, Rates, read

LOCALHOST = frozenset({"127.0.0.1", "::1"})
LOOK_AGAIN_SECONDS = 1.0
logger = logging.getLogger(__name__)


class Count(NamedTuple):
    """Requests of a window so far.

    Attributes:
        limit: of the route.
        requests: of this client, this one included.
        is_exceeded: whether the request has to be refused.
        seconds_left: until the window ends.
    """

    limit: Limit
    requests: int
    is_exceeded: bool
    seconds_left: int

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (
            ("X-RateLimit-Limit", str(self.limit.requests)),
            ("X-RateLimit-Remaining", str(max(0, self.limit.requests - self.requests))),
            ("X-RateLimit-Reset", str(max(0, self.seconds_left))),
        )


class RateFile:
    """`rate_limits.json` in the configuration directory, read again when it has changed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.path: Path | None = None
        self.looked = float("-inf")
        self.seen: tuple[int, int] | None = None
        self.rates = Rates()

    def current(self) -> Rates:
        """Return the current limits; the file is checked once a second."""
        with self.lock:
            if time.monotonic() >= self.looked + LOOK_AGAIN_SECONDS:
                self.looked = time.monotonic()
                self._look()
            return self.rates

    def _look(self) -> None:
        try:
            self.path = self.path or config_directory() / "rate_limits.json"
            info = self.path.stat()
        except OSError:
            self.seen, self.rates = None, Rates()
            return
        if self.seen == (info.st_mtime_ns, info.st_size):
            return
        self.seen = (info.st_mtime_ns, info.st_size)
        content, problem = layout.read_json(self.path)
        self.rates, problems = read(content)
        for sentence in [problem] if problem else problems:
            logger.warning("%s: %s", self.path, sentence)


class RequestCounter:
    """Counts of requests of the API, by the limits of the table and of the file."""

    def __init__(self) -> None:
        self.file = RateFile()

    @cached_property
    def is_local(self) -> bool:
        """Whether counting asks no cache over the network, as servers that share one do."""
        return isinstance(caches[settings.RATELIMIT_USE_CACHE], CounterCache)

    def count_scope(self, scope: Scope) -> Count:
        """Count a request of a route of the API that is answered before Django's handler."""
        client = scope.get("client") or ("127.0.0.1", 0)
        return self.count(scope["method"], scope["path"], str(client[0]))

    def count(self, method: str, path: str, address: str) -> Count:
        """Count a request of a route of the API, unless counting is switched off."""
        rates = self.file.current()
        limit = rates.limit(method, path)
        spared = rates.spare_localhost and address in LOCALHOST
        if spared or not rates.enabled or get("RUNICORN_RATE_LIMIT").lower() == "off":
            return Count(limit, 0, False, limit.seconds)
        group = f"{'GET' if method == 'HEAD' else method} {route(path)}"
        count = count_requests(address, group, limit)
        is_first = count.requests == limit.requests + 1
        if limit.burst is not None and not count.is_exceeded:
            burst = count_requests(address, f"{group} burst", Limit(limit.burst, 1))
            is_first = burst.requests == limit.burst + 1
            if burst.is_exceeded:
                count = count._replace(is_exceeded=True, seconds_left=1)
        if (
            count.is_exceeded and is_first and rates.log_violations
        ):  # once a window: a client may go on for days
            logger.warning("%s asks %s too often", address, path)
        return count


COUNTER = RequestCounter()


class RateLimits:
    """Middleware that refuses requests beyond the limit, and adds the rate limit headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_api(request.path_info):
            return self.get_response(request)
        count = COUNTER.count(request.method or "GET", request.path_info, request.META["REMOTE_ADDR"])
        response = too_many(count.seconds_left) if count.is_exceeded else self.get_response(request)
        for name, value in count.headers:
            response[name] = value
        return response


def count_requests(address: str, group: str, limit: Limit) -> Count:
    """Count a request of an address in the window of a limit; the seconds that are left of it are rounded up."""
    request: Any = SimpleNamespace(META={"REMOTE_ADDR": address})
    rate = f"{limit.requests}/{limit.seconds}s"
    usage: Any = get_usage(request, group=group, key="ip", rate=rate, increment=True)
    # django-ratelimit reports the last second of the window; the next one begins a second later.
    return Count(limit, usage["count"], usage["should_limit"], usage["time_left"] + 1)


def too_many(seconds: int) -> JsonResponse:
    wait = max(1, seconds)
    response = JsonResponse({"detail": "Rate limit exceeded", "retry_after": wait}, status=429)
    response["Retry-After"] = str(wait)
    return response


@lru_cache(maxsize=4096)
def route(path: str) -> str:
    """Return the URL pattern of a path; all unknown paths count as one."""
    try:
        return str(resolve(path).route)
    except Resolver404:
        return "unknown"
