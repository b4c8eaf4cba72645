"""Routes of paths, resolved once each."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from django.urls import Resolver404, ResolverMatch, resolve

from runicorn_site.transport.trailing_slash import canonical
from runicorn_site.web.conditional import is_conditional
from runicorn_site.web.pools import Pool, pool_of


class Route(NamedTuple):
    """What the URL patterns say about a path.

    Attributes:
        match: Django's result; None for an unknown path.
        pool: in which its view runs.
        pattern: of the URL, "" for an unknown path.
        looks: see `is_conditional`.
    """

    match: ResolverMatch | None
    pool: Pool
    pattern: str
    looks: bool | None


UNKNOWN = Route(None, "quick", "", None)


@lru_cache(maxsize=1024)
def resolved(path: str) -> Route:
    """Return the route of a path without a trailing slash."""
    try:
        match = resolve(path)
    except Resolver404:
        return UNKNOWN
    match.tried = None  # all patterns before it, for Django's page about unknown addresses
    return Route(match, pool_of(match.func), f"/{match.route}", is_conditional(match.func))


def route_of(path: str) -> Route:
    """Return the route of a decoded path."""
    return resolved(canonical(path))


def compile_patterns() -> None:
    """Compile the regular expressions of all URL patterns, which Django does at the first path that passes each."""
    for path in ("/-", "/api/-", "/api/v2/-"):
        route_of(path)


def pool_at(path: str) -> Pool:
    return route_of(path).pool


def route_at(path: str) -> str:
    """Return the URL pattern of a path, or "" for an unknown one."""
    return route_of(path).pattern
