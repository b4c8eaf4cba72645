"""Rate limits: one middleware counts the requests to /api by client address and route.

The address is the peer's, or the one that a trusted proxy reports (`security/forwarding.py`). A route is a method and a URL pattern.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict

from django.http import HttpRequest
from django.http.response import HttpResponseBase, JsonResponse
from django.urls import Resolver404, resolve
from django_ratelimit.core import get_usage

from runicorn.settings.user import config_directory, get
from runicorn.store import layout
from runicorn_site.security.headers import is_api
from runicorn_site.security.rates.rate_table import Limit, Rates, read

LOCALHOST = frozenset({"127.0.0.1", "::1"})
LOOK_AGAIN_SECONDS = 1.0
logger = logging.getLogger(__name__)


class Usage(TypedDict):
    """Requests in a window, whether they exceed the limit, and the seconds until the window ends."""

    count: int
    should_limit: bool
    time_left: int


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


class RateLimits:
    """Middleware that refuses requests beyond the limit, and adds the rate limit headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.file = RateFile()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_api(request.path_info):
            return self.get_response(request)
        rates = self.file.current()
        limit = rates.limit(request.method or "GET", request.path_info)
        usage = self._usage(request, limit, rates)
        if usage["should_limit"]:
            if rates.log_violations:
                logger.warning("%s asks %s too often", request.META["REMOTE_ADDR"], request.path_info)
            response: HttpResponseBase = too_many(usage["time_left"])
        else:
            response = self.get_response(request)
        response["X-RateLimit-Limit"] = str(limit.requests)
        response["X-RateLimit-Remaining"] = str(max(0, limit.requests - usage["count"]))
        response["X-RateLimit-Reset"] = str(max(0, usage["time_left"]))
        return response

    def _usage(self, request: HttpRequest, limit: Limit, rates: Rates) -> Usage:
        """Count this request, unless counting is switched off."""
        spared = rates.spare_localhost and request.META["REMOTE_ADDR"] in LOCALHOST
        if spared or not rates.enabled or get("RUNICORN_RATE_LIMIT").lower() == "off":
            return {"count": 0, "should_limit": False, "time_left": limit.seconds}
        method = "GET" if request.method == "HEAD" else request.method
        group = f"{method} {route(request.path_info)}"
        usage = count(request, group, limit.requests, limit.seconds)
        if limit.burst is not None and not usage["should_limit"]:
            burst = count(request, f"{group} burst", limit.burst, 1)
            if burst["should_limit"]:
                return {**usage, "should_limit": True, "time_left": 1}
        return usage


def count(request: HttpRequest, group: str, requests: int, seconds: int) -> Usage:
    """Count a request, and return the usage of its window; `time_left` is rounded up to whole seconds."""
    usage: Any = get_usage(request, group=group, key="ip", rate=f"{requests}/{seconds}s", increment=True)
    # django-ratelimit reports the last second of the window; the next one begins a second later.
    return Usage(count=usage["count"], should_limit=usage["should_limit"], time_left=usage["time_left"] + 1)


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
