"""Rate limits of the routes of the API, and their changes in `rate_limits.json`. No Django.

Format of the file, as in earlier versions:

    {"default": {"max_requests": 60, "window_seconds": 60},
     "endpoints": {"/api/runs": {…}, "GET /api/runs/{id}/metrics": {…}},
     "settings": {"enable_rate_limiting": true, "log_violations": true, "whitelist_localhost": false}}

An entry of `endpoints` holds for its path and all below it, with `{…}` for one part of any value and, if it begins
with one, only for a method; the longest that fits counts. `burst_size` limits the requests within one second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from runicorn.json_value import JsonObject


class Limit(NamedTuple):
    """At most `requests` within `seconds`, and, when `burst` is set, at most that many within one second."""

    requests: int
    seconds: int = 60
    burst: int | None = None


DEFAULT = Limit(60)

TABLE: tuple[tuple[str, str, Limit], ...] = (
    ("GET", "/api/runs", Limit(100)),
    ("POST", "/api/runs/soft-delete", Limit(20)),
    ("POST", "/api/recycle-bin/restore", Limit(20)),
    ("POST", "/api/recycle-bin/empty", Limit(5)),
    ("PUT", "/api/runs/{id}/files/{path}", Limit(6000)),
    ("GET", "/api/runs/{id}/files/{path}", Limit(6000)),
    ("PUT", "/api/runs/{id}/heartbeat", Limit(6000)),
    ("GET", "/api/v2/experiments", Limit(100)),
    ("GET", "/api/v2/experiments/{id}", Limit(200)),
    ("GET", "/api/v2/experiments/{id}/metrics/fast", Limit(100)),
    ("GET", "/api/v2/experiments/{id}/series", Limit(100)),
    ("GET", "/api/v2/series", Limit(100)),
    ("POST", "/api/v2/experiments/batch-delete", Limit(10)),
    ("PUT", "/api/artifacts/uploads/{id}/parts", Limit(6000)),
    ("PUT", "/api/artifacts/uploads/{id}/contents", Limit(6000)),
    ("POST", "/api/config/user_root_dir", Limit(10)),
    ("POST", "/api/config/ssh_connections", Limit(20)),
    ("DELETE", "/api/config/ssh_connections/{key}", Limit(20)),
    ("POST", "/api/remote/connect", Limit(5)),
    ("POST", "/api/remote/viewer/start", Limit(10)),
    ("POST", "/api/remote/wheel", Limit(10)),
)
"""Routes with their own limit; all others have `DEFAULT`."""


@lru_cache(maxsize=512)
def pattern(text: str, below: bool = False) -> re.Pattern[str]:
    """Compile a path with `{name}` for one part and `{path}` for several; with `below` also all paths under it."""
    parts = [
        ".+" if part == "{path}" else "[^/]+" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{[^}]*\})", text.rstrip("/"))
    ]
    return re.compile("".join(parts) + ("(?:/.*)?" if below else ""), re.DOTALL)


@dataclass(frozen=True)
class Rates:
    enabled: bool = True
    default: Limit = DEFAULT
    endpoints: tuple[tuple[str, str, Limit], ...] = ()
    """Method ("" for all), path and limit of the file's entries, the longest path first."""
    spare_localhost: bool = False
    log_violations: bool = True

    @lru_cache(maxsize=1024)  # noqa: B019 - of the few states of the file
    def limit(self, method: str, path: str) -> Limit:
        """Return the limit of a request: that of the file, else of the table, else the default."""
        method = "GET" if method == "HEAD" else method
        for method_of_limit, place, limit in self.endpoints:
            if method_of_limit in {"", method} and pattern(place, below=True).fullmatch(path):
                return limit
        for method_of_limit, place, limit in TABLE:
            if method_of_limit == method and pattern(place).fullmatch(path):
                return limit
        return self.default


def read(content: JsonObject) -> tuple[Rates, list[str]]:
    """Parse a `rate_limits.json`; return the limits and a sentence for each invalid entry."""
    problems: list[str] = []
    settings = _mapping(content.get("settings", {}), "settings", problems)
    entries = _mapping(content.get("endpoints", {}), "endpoints", problems)
    endpoints = [
        (*_place(key), limit)
        for key, entry in entries.items()
        if (limit := _limit(entry, f"endpoints: {key}", problems)) is not None
    ]
    default = _limit(content["default"], "default", problems) if "default" in content else None
    rates = Rates(
        enabled=settings.get("enable_rate_limiting", True) is not False,
        default=default or DEFAULT,
        endpoints=tuple(_longest_first(endpoints)),
        spare_localhost=settings.get("whitelist_localhost", False) is True,
        log_violations=settings.get("log_violations", True) is not False,
    )
    return rates, problems


def _longest_first(endpoints: list[tuple[str, str, Limit]]) -> Iterable[tuple[str, str, Limit]]:
    return sorted(endpoints, key=lambda entry: (len(entry[1]), len(entry[0])), reverse=True)


def _place(key: str) -> tuple[str, str]:
    """Split the key of an entry into method and path: `GET /api/runs`, or a path alone."""
    method, space, path = key.partition(" ")
    return (method.upper(), path.strip()) if space else ("", key)


def _mapping(value: object, what: str, problems: list[str]) -> JsonObject:
    if isinstance(value, dict):
        return value
    problems.append(f"{what} must be an object")
    return {}


def _limit(entry: object, what: str, problems: list[str]) -> Limit | None:
    fields = entry if isinstance(entry, dict) else {}
    requests, seconds = fields.get("max_requests"), fields.get("window_seconds", 60)
    burst = fields.get("burst_size")
    if not _positive(requests) or not _positive(seconds) or not (burst is None or _positive(burst)):
        problems.append(f"{what}: max_requests, window_seconds and burst_size must be whole numbers above 0")
        return None
    return Limit(int(fields["max_requests"]), int(seconds), burst)


def _positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
