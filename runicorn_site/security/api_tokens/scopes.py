"""Scope that each request needs. No Django.

Reading needs `read`, except of what belongs to the administrator; everything else needs `admin` unless a rule says
otherwise, so that a new route is closed until it has one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs

from runicorn.settings.api_tokens import Scope
from runicorn_site.security.rates.rate_table import pattern

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Rule(NamedTuple):
    """Scope of the requests with one of some methods to a path; `{x}` stands for one part, `{path}` for several."""

    methods: str
    path: str
    scope: Scope


RULES: tuple[Rule, ...] = (
    # Reading
    Rule("POST", "/api/export", Scope.READ),
    Rule("POST", "/api/v2/alerts/rules/preview", Scope.READ),
    # Training scripts
    Rule("PUT", "/api/runs/{id}/files/{path}", Scope.WRITE),
    Rule("PUT", "/api/runs/{id}/heartbeat", Scope.WRITE),
    Rule("POST", "/api/artifacts/uploads", Scope.WRITE),
    Rule("POST PUT", "/api/artifacts/uploads/{path}", Scope.WRITE),
    # Curation
    Rule("PATCH", "/api/runs/{id}", Scope.CURATE),
    Rule("POST", "/api/runs/tags", Scope.CURATE),
    Rule("POST", "/api/runs/move", Scope.CURATE),
    Rule("POST", "/api/runs/soft-delete", Scope.CURATE),
    Rule("POST", "/api/recycle-bin/restore", Scope.CURATE),
    Rule("POST", "/api/experiments/tag", Scope.CURATE),
    Rule("POST", "/api/status/check", Scope.CURATE),
    Rule("PUT DELETE", "/api/v2/projects/{project}/boards/{name}", Scope.CURATE),
    Rule("PATCH DELETE", "/api/artifacts/{name}/v{number}", Scope.CURATE),
    Rule("POST", "/api/artifacts/{name}/v{number}/restore", Scope.CURATE),
    Rule("POST", "/api/artifacts/{name}/v{number}/promote", Scope.CURATE),
    Rule("POST", "/api/artifacts/{name}/v{number}/evaluate", Scope.CURATE),
    Rule("PUT DELETE", "/api/artifacts/{name}/aliases/{alias}", Scope.CURATE),
    Rule("POST", "/api/v2/alerts/rules", Scope.CURATE),
    Rule("PATCH DELETE", "/api/v2/alerts/rules/{id}", Scope.CURATE),
    Rule("POST", "/api/v2/alerts/events/acknowledge", Scope.CURATE),
    Rule("POST DELETE", "/api/config/column-widths", Scope.CURATE),
    Rule("POST", "/api/config/column-widths/reset", Scope.CURATE),
    Rule("POST", "/api/config/dismissed-alerts/{action}", Scope.CURATE),
    # Administration
    Rule("POST", "/api/recycle-bin/empty", Scope.ADMIN),
    Rule("DELETE", "/api/experiments/delete", Scope.ADMIN),
    Rule("POST", "/api/v2/experiments/batch-delete", Scope.ADMIN),
    Rule("POST", "/api/import/archive", Scope.ADMIN),
    Rule("POST", "/api/config/user_root_dir", Scope.ADMIN),
    Rule("GET POST", "/api/config/ssh_connections", Scope.ADMIN),
    Rule("GET DELETE", "/api/config/ssh_connections/{path}", Scope.ADMIN),
    Rule("GET POST", "/api/v2/alerts/channels", Scope.ADMIN),
    Rule("GET POST PATCH DELETE", "/api/v2/alerts/channels/{path}", Scope.ADMIN),
    Rule("GET POST", "/api/remote/{path}", Scope.ADMIN),
    Rule("GET", "/remote", Scope.ADMIN),
    Rule("GET", "/remote/{path}", Scope.ADMIN),
    Rule("GET", "/settings", Scope.ADMIN),
    Rule("GET", "/admin", Scope.ADMIN),
    Rule("GET", "/admin/{path}", Scope.ADMIN),
)

REFUSALS: dict[Scope, str] = {
    Scope.READ: "This token may not read",
    Scope.WRITE: "This token may not send runs or artifacts",
    Scope.CURATE: "This token may not edit, move or delete",
    Scope.ADMIN: "This token may not administer the viewer",
}


def rule_of(method: str, path: str) -> Rule | None:
    """Return the rule of a request, if it has one."""
    method, bare = "GET" if method in SAFE else method, path.rstrip("/") or "/"
    fitting = (rule for rule in RULES if method in rule.methods.split())
    return next((rule for rule in fitting if pattern(rule.path).fullmatch(bare)), None)


@lru_cache(maxsize=4096)
def required_scope(method: str, path: str, query: str = "") -> Scope:
    """Return the scope that a request needs."""
    if method == "DELETE" and "permanent" in parse_qs(query, keep_blank_values=True):
        return Scope.ADMIN
    rule = rule_of(method, path)
    if rule is not None:
        return rule.scope
    return Scope.READ if method in SAFE else Scope.ADMIN


def allows(scope: Scope, required: Scope) -> bool:
    """Return whether a token with a scope may do what needs `required`."""
    order = tuple(Scope)
    return order.index(scope) >= order.index(required)
