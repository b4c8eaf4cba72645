"""From names and values to the addresses of requests."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from runicorn.api.errors import BadRequestError


def base(url: str) -> str:
    """The address of a viewer without a slash at its end; a path before `/api` (behind a proxy) is kept.

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
    """Return an address without its one-time part `?once=…`, and that part."""
    parts = urlsplit(url.strip())
    once = parse_qs(parts.query).get("once")
    return (url, None) if once is None else (urlunsplit(parts._replace(query="")), once[-1])


def shown(url: str) -> str:
    """An address as it may stand in a message: without the password that it may hold."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what must be equal for a token to go along."""
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or usual


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine, where no proxy has any business."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def path(*parts: str | int) -> str:
    """The path under /api of these parts, each quoted.

    Raises:
        BadRequestError: a part is empty, `.` or `..`, which would lead to another route.
    """
    for part in parts:
        if str(part) in {"", ".", ".."}:
            raise BadRequestError(f"{part!r} is not a name or an id")
    return "/api/" + "/".join(quote(str(part), safe="") for part in parts)


def rooted(endpoint: str) -> str:
    """`/api/runs` for `api/runs` too, as people write it."""
    return endpoint if endpoint.startswith("/") else f"/{endpoint}"


def query(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parameters of a query: `None` is left out, lists are repeated, times become Unix seconds."""
    return [(name, _text(item)) for name, value in values.items() for item in _items(value)]


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list | tuple | set | frozenset):
        return [value]
    items = list(value)
    # A single value with a comma would be taken for several; an empty one beside it says that it is not.
    return [*items, ""] if len(items) == 1 and "," in str(items[0]) else items


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return repr(value.timestamp())
    return str(value)
