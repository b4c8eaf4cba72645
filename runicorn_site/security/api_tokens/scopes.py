"""Scope that each request needs. No Django.

Reading needs `read`, except of what belongs to the administrator; everything else needs `admin` unless a rule says
otherwise, so that a new route is closed until it has one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs

from runicorn.settings.api_tokens import SCOPES, Scope
from runicorn_site.security.rates.rate_table import pattern

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Rule(NamedTuple):
    """Scope of the requests with one of some methods to a path; `{x}` stands for one part, `{path}` for several."""

    methods: str
    path: str
    scope: Scope


RULES: tuple[Rule, ...] = (
    # Reading
    Rule("POST", "/api/export", "read"),
    Rule("POST", "/api/v2/alerts/rules/preview", "read"),
    # Training scripts
    Rule("PUT", "/api/runs/{id}/files/{path}", "write"),
    Rule("PUT", "/api/runs/{id}/heartbeat", "write"),
    Rule("POST", "/api/artifacts/uploads", "write"),
    Rule("POST PUT", "/api/artifacts/uploads/{path}", "write"),
    # Curation
    Rule("PATCH", "/api/runs/{id}", "curate"),
    Rule("POST", "/api/runs/tags", "curate"),
    Rule("POST", "/api/runs/move", "curate"),
    Rule("POST", "/api/runs/soft-delete", "curate"),
    Rule("POST", "/api/recycle-bin/restore", "curate"),
    Rule("POST", "/api/experiments/tag", "curate"),
    Rule("POST", "/api/status/check", "curate"),
    Rule("PUT DELETE", "/api/v2/projects/{project}/boards/{name}", "curate"),
    Rule("PATCH DELETE", "/api/artifacts/{name}/v{number}", "curate"),
    Rule("POST", "/api/artifacts/{name}/v{number}/restore", "curate"),
    Rule("POST", "/api/artifacts/{name}/v{number}/promote", "curate"),
    Rule("POST", "/api/artifacts/{name}/v{number}/evaluate", "curate"),
    Rule("PUT DELETE", "/api/artifacts/{name}/aliases/{alias}", "curate"),
    Rule("POST", "/api/v2/alerts/rules", "curate"),
    Rule("PATCH DELETE", "/api/v2/alerts/rules/{id}", "curate"),
    Rule("POST", "/api/v2/alerts/events/acknowledge", "curate"),
    Rule("POST DELETE", "/api/config/column-widths", "curate"),
    Rule("POST", "/api/config/column-widths/reset", "curate"),
    Rule("POST", "/api/config/dismissed-alerts/{action}", "curate"),
    # Administration
    Rule("POST", "/api/recycle-bin/empty", "admin"),
    Rule("DELETE", "/api/experiments/delete", "admin"),
    Rule("POST", "/api/v2/experiments/batch-delete", "admin"),
    Rule("POST", "/api/import/archive", "admin"),
    Rule("POST", "/api/config/user_root_dir", "admin"),
    Rule("GET POST", "/api/config/ssh_connections", "admin"),
    Rule("GET DELETE", "/api/config/ssh_connections/{path}", "admin"),
    Rule("GET POST", "/api/v2/alerts/channels", "admin"),
    Rule("GET POST PATCH DELETE", "/api/v2/alerts/channels/{path}", "admin"),
    Rule("GET POST", "/api/remote/{path}", "admin"),
    Rule("GET", "/remote", "admin"),
    Rule("GET", "/remote/{path}", "admin"),
    Rule("GET", "/settings", "admin"),
    Rule("GET", "/admin", "admin"),
    Rule("GET", "/admin/{path}", "admin"),
)

REFUSALS: dict[Scope, str] = {
    "read": "This token may not read",
    "write": "This token may not send runs or artifacts",
    "curate": "This token may not edit, move or delete",
    "admin": "This token may not administer the viewer",
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
        return "admin"
    rule = rule_of(method, path)
    if rule is not None:
        return rule.scope
    return "read" if method in SAFE else "admin"


def allows(scope: Scope, required: Scope) -> bool:
    """Return whether a token with a scope may do what needs `required`."""
    return SCOPES.index(scope) >= SCOPES.index(required)
