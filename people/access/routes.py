"""Permission table: the scope that each route requires, for API tokens and users.

Views declare it (`runicorn_site/web/access.py`), and the table is made from the URL patterns. A route without a
declaration needs an administrator, so that a new route is closed until it has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

from runicorn_site.security.methods import methods
from runicorn_site.web.access import ATTRIBUTE, Access, Scope, Subject, access_of

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Rule(NamedTuple):
    """The declaration of a view (see `Access`), with the path of its route: `{x}` stands for a part, `{path}` for several."""

    path: str
    scope: Scope | None
    subject: Subject | None = None
    is_recorded: bool = True
    session_only: bool = False


class Route(NamedTuple):
    """A URL pattern.

    Attributes:
        pattern: of paths without the slashes at both ends.
        rules: by method; methods without a declaration are absent.
    """

    pattern: re.Pattern[str]
    rules: Mapping[str, Rule]


@lru_cache(maxsize=1)
def table() -> tuple[Route, ...]:
    """Return the routes of the site in the order in which they are resolved, sockets first."""
    # Settings and commands that need no URLs import this module.
    from django.urls import get_resolver

    from metrics.live.urls import websocket_patterns as metric_sockets
    from runs.live.urls import websocket_patterns as run_sockets

    return tuple(routes_of([*run_sockets, *metric_sockets, *get_resolver().url_patterns]))


def routes_of(
    patterns: Iterable[URLPattern | URLResolver], regex: str = "", path: str = "/"
) -> Iterator[Route]:
    """Return the routes of URL patterns; those that an include declares as a whole are one.

    Args:
        patterns: of an include, or of the site.
        regex: of the include.
        path: of the include.
    """
    for entry in patterns:
        below = regex + entry.pattern.regex.pattern.removeprefix("^")
        template = path + _template(str(entry.pattern))
        declared: Access | None = getattr(entry, ATTRIBUTE, None)
        if declared is not None:
            rule = Rule(template, *declared)
            pattern = re.compile(below.removesuffix("/") + r"(?:/.*)?\Z", re.DOTALL)
            yield Route(pattern, dict.fromkeys(METHODS, rule))
        elif hasattr(entry, "url_patterns"):
            yield from routes_of(entry.url_patterns, below, template)
        else:
            # A handshake is a GET.
            allowed = (
                ("GET",) if hasattr(entry.callback, "consumer_class") else methods(entry.callback) or METHODS
            )
            declarations = {
                method: access_of(entry.callback, method) for method in METHODS if method in allowed
            }
            rules = {
                method: Rule(template, *access)
                for method, access in declarations.items()
                if access is not None
            }
            yield Route(re.compile(below), rules)


def _template(pattern: str) -> str:
    """Return the path of a pattern of `path()` or `re_path()`."""
    plain = (
        re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", pattern)
        .removeprefix("^")
        .removesuffix("$")
        .removesuffix("/?")
    )
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", re.sub(r"<path:\w+>", "{path}", plain))


@lru_cache(maxsize=4096)
def rule_of(method: str, path: str) -> Rule | None:
    """Return the rule of the route that a request is resolved to, if it has one."""
    bare = path.rstrip("/").removeprefix("/")
    route = next((route for route in table() if route.pattern.match(bare)), None)
    return None if route is None else route.rules.get("GET" if method in SAFE else method)


def is_permanent(method: str, query: str) -> bool:
    """Return whether a request deletes something for good, which needs an administrator."""
    return method == "DELETE" and "permanent" in parse_qs(query, keep_blank_values=True)


def required_scope(method: str, path: str, query: str = "") -> Scope:
    """Return the scope that a request needs; `read` for what needs no login either."""
    rule = rule_of(method, path)
    if rule is None or is_permanent(method, query):
        return Scope.ADMIN
    return rule.scope or Scope.READ


def allows(scope: Scope, required: Scope) -> bool:
    """Return whether a token with a scope may do what needs `required`."""
    order = tuple(Scope)
    return order.index(scope) >= order.index(required)
