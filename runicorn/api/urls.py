"""URLs of requests."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from runicorn.api.errors import BadRequestError


def base(url: str) -> str:
    """Return the URL of a server without a trailing slash; a path before `/api` (behind a proxy) is kept.

    Raises:
        ValueError: it is not `http://host…` or `https://host…`.
    """
    parts = urlsplit(url.strip())
    try:
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.query or parts.fragment:
        raise ValueError(f"base_url must be like http://127.0.0.1:23300, not {url!r}")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def split_once(url: str) -> tuple[str, str | None]:
    """Split a URL into the URL without its one-time part `?once=…`, and that part."""
    parts = urlsplit(url.strip())
    once = parse_qs(parts.query).get("once")
    return (url, None) if once is None else (urlunsplit(parts._replace(query="")), once[-1])


def without_password(url: str) -> str:
    """Return a URL without its password, for messages."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port: the token is sent only where all are equal."""
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or usual


def is_loopback(url: str) -> bool:
    """Return whether a URL is on this machine, where proxies are not used."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def path(*parts: str | int) -> str:
    """Return the quoted path of these parts below /api.

    Raises:
        BadRequestError: a part is empty, `.` or `..`, which would address another route.
    """
    for part in parts:
        if str(part) in {"", ".", ".."}:
            raise BadRequestError(f"{part!r} is not a name or an id")
    return "/api/" + "/".join(quote(str(part), safe="") for part in parts)


def rooted(endpoint: str) -> str:
    """Return an endpoint with a leading slash: `/api/runs` for `api/runs` too."""
    return endpoint if endpoint.startswith("/") else f"/{endpoint}"


def query(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return query parameters: None is left out, lists are repeated, times become Unix seconds."""
    return [(name, _text(item)) for name, value in values.items() for item in _items(value)]


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, (list, tuple, set, frozenset)):
        return [value]
    items = list(value)
    # A single value with a comma would be split; an empty one beside it prevents that.
    return [*items, ""] if len(items) == 1 and "," in str(items[0]) else items


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return repr(value.timestamp())
    return str(value)
