"""Scope that each route needs, for API tokens and users alike. No Django.

A route without a rule needs an administrator, so that a new route is closed until it has one.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs

from runicorn.settings.api_tokens import Scope
from runicorn_site.security.rates.rate_table import pattern

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Subject(StrEnum):
    """Kind of things that a route changes, for rights that hold for some of them only."""

    RUNS = "runs"
    """The run in the path, or those in `run_ids` of the body."""
    CREATOR = "creator"
    """The run in `run_id` of the body, if there is one: it becomes the creator of an artifact."""
    PROJECT = "project"
    """The project in the path."""
    PREFERENCES = "preferences"
    """Appearance of pages that is stored for everyone; changes by users without the scope are ignored."""


class Rule(NamedTuple):
    """Requests with one of some methods to a path; `{x}` stands for one part, `{path}` for several.

    Attributes:
        scope: that they need; None if they need no login where the viewer has users.
        is_recorded: whether the record of changes names them.
        session_only: whether API tokens are refused, whatever their scope.
    """

    methods: str
    path: str
    scope: Scope | None
    subject: Subject | None = None
    is_recorded: bool = True
    session_only: bool = False


OPEN: tuple[Rule, ...] = (
    Rule("GET", "/static/{path}", None),
    Rule("GET", "/favicon.ico", None),
    Rule("GET POST", "/login", None),
    Rule("GET", "/login/oidc", None),
    Rule("GET", "/login/oidc/callback", None),
    Rule("POST", "/logout", None),
    Rule("GET POST", "/invitations/{secret}", None),
)

READABLE = [
    "/",
    "/runs-matching",
    "/runs-where",
    "/runs-keys",
    "/runs-filter",
    "/runs-panel",
    "/runs-media",
    "/recycle-bin",
    "/find",
    "/where",
    "/series",
    "/compare",
    "/alerts",
    "/alerts/news",
    "/projects/{project}",
    "/projects/{project}/boards",
    "/projects/{project}/boards/{name}",
    "/runs/{id}",
    "/runs/{id}/neighbours",
    "/runs/{id}/diff",
    "/runs/{id}/table/{path}",
    "/runs/{id}/log",
    "/runs/{id}/media",
    "/runs/{id}/histograms",
    "/runs/{id}/media/{path}",
    "/runs/{id}/document/{path}",
    "/runs/{id}/preview/{path}",
    "/runs/{id}/series",
    "/runs/{id}/export",
    "/runs/{id}/live",
    "/artifacts",
    "/artifacts/{type}/{name}",
    "/artifacts/{type}/{name}/compare",
    "/artifacts/{type}/{name}/v{n}",
    "/artifacts/{type}/{name}/v{n}/zip",
    "/artifacts/{type}/{name}/v{n}/files/{path}",
    "/artifacts/{type}/{name}/v{n}/pictures/{path}",
    "/system",
    "/openapi.json",
    "/docs",
    "/redoc",
    "/redoc.js",
    "/metrics",
    "/api",
    "/api/v2",
    "/api/v2/experiments",
    "/api/v2/where",
    "/api/v2/analytics/summary",
    "/api/v2/series",
    "/api/v2/projects/{project}/boards",
    "/api/v2/projects/{project}/boards/{name}",
    "/api/v2/experiments/{id}",
    "/api/v2/experiments/{id}/metrics/fast",
    "/api/v2/experiments/{id}/series",
    "/api/v2/alerts/rules",
    "/api/v2/alerts/rules/{id}",
    "/api/v2/alerts/events",
    "/api/runs",
    "/api/runs/{id}",
    "/api/runs/{id}/logs",
    "/api/runs/{id}/logs/ws",
    "/api/runs/{id}/media",
    "/api/runs/{id}/media/{path}",
    "/api/runs/{id}/files/{path}",
    "/api/runs/{id}/metrics",
    "/api/runs/{id}/metrics_step",
    "/api/runs/{id}/progress",
    "/api/runs/{id}/artifacts",
    "/api/environment/{id}",
    "/api/projects",
    "/api/projects/{project}/names",
    "/api/projects/{project}/names/{path}/runs",
    "/api/recycle-bin",
    "/api/experiments/search",
    "/api/metrics/cache/stats",
    "/api/artifacts",
    "/api/artifacts/stats",
    "/api/artifacts/{name}/versions",
    "/api/artifacts/{name}/v{n}",
    "/api/artifacts/{name}/v{n}/files",
    "/api/artifacts/{name}/v{n}/files/{path}",
    "/api/artifacts/{name}/v{n}/lineage",
    "/api/artifacts/{name}/evaluations",
    "/api/artifacts/{name}/training-metrics",
    "/api/artifacts/{name}/performance-history",
    "/api/artifacts/uploads/{id}",
    "/api/health",
    "/api/gpu/telemetry",
    "/api/system/monitor",
    "/api/config",
    "/api/config/column-widths",
    "/api/config/dismissed-alerts",
    "/api/export/{id}/csv",
    "/api/export/{id}/report",
]
"""What each user and each token may read."""

READING: tuple[Rule, ...] = (
    *(Rule("GET", path, Scope.READ) for path in READABLE),
    Rule("POST", "/api/export", Scope.READ, is_recorded=False),
    Rule("POST", "/export-runs", Scope.READ, is_recorded=False),
    Rule("POST", "/markdown", Scope.READ, is_recorded=False),
    Rule("POST", "/api/v2/alerts/rules/preview", Scope.READ, is_recorded=False),
    Rule("POST", "/settings/look", Scope.READ, is_recorded=False),
    # Personal views; shared ones need the role of a curator, which the page checks.
    Rule("POST", "/runs-view", Scope.READ),
    Rule("GET", "/account", Scope.READ, session_only=True),
    Rule("POST", "/account/password", Scope.READ, session_only=True),
    Rule("POST", "/account/tokens", Scope.READ, session_only=True),
    Rule("POST", "/account/tokens/revoke", Scope.READ, session_only=True),
    Rule("POST", "/account/shares/revoke", Scope.READ, session_only=True),
)
TRAINING: tuple[Rule, ...] = (
    # Before the contents of uploads: an artifact may be called `uploads`.
    Rule("PUT DELETE", "/api/artifacts/{name}/aliases/{alias}", Scope.CURATE),
    Rule("PUT", "/api/runs/{id}/files/{path}", Scope.WRITE, Subject.RUNS, is_recorded=False),
    Rule("PUT", "/api/runs/{id}/heartbeat", Scope.WRITE, Subject.RUNS, is_recorded=False),
    Rule("POST", "/api/artifacts/uploads", Scope.WRITE, Subject.CREATOR),
    Rule("POST", "/api/artifacts/uploads/{id}/files", Scope.WRITE, is_recorded=False),
    Rule("PUT", "/api/artifacts/uploads/{id}/contents", Scope.WRITE, is_recorded=False),
    Rule("PUT", "/api/artifacts/uploads/{id}/parts", Scope.WRITE, is_recorded=False),
    Rule("POST", "/api/artifacts/uploads/{id}/complete", Scope.WRITE),
)
CURATION: tuple[Rule, ...] = (
    Rule("PATCH", "/api/runs/{id}", Scope.CURATE, Subject.RUNS),
    Rule("POST", "/api/runs/tags", Scope.CURATE, Subject.RUNS),
    Rule("POST", "/api/runs/move", Scope.CURATE, Subject.RUNS),
    Rule("POST", "/api/runs/soft-delete", Scope.CURATE, Subject.RUNS),
    Rule("POST", "/api/recycle-bin/restore", Scope.CURATE, Subject.RUNS),
    Rule("POST", "/api/experiments/tag", Scope.CURATE, Subject.RUNS),
    Rule("POST", "/runs-change", Scope.CURATE, Subject.RUNS),
    Rule("POST", "/delete-runs", Scope.CURATE, Subject.RUNS),
    Rule("POST", "/restore-runs", Scope.CURATE, Subject.RUNS),
    Rule("POST", "/runs-columns", Scope.CURATE, Subject.PREFERENCES, is_recorded=False),
    Rule("POST", "/projects/{project}/description", Scope.CURATE, Subject.PROJECT),
    Rule("PUT DELETE", "/projects/{project}/boards/{name}", Scope.CURATE, Subject.PROJECT),
    Rule("PUT DELETE", "/api/v2/projects/{project}/boards/{name}", Scope.CURATE, Subject.PROJECT),
    Rule("POST", "/api/status/check", Scope.CURATE),
    Rule("PATCH DELETE", "/api/artifacts/{name}/v{n}", Scope.CURATE),
    Rule("POST", "/api/artifacts/{name}/v{n}/restore", Scope.CURATE),
    Rule("POST", "/api/artifacts/{name}/v{n}/promote", Scope.CURATE),
    Rule("POST", "/api/artifacts/{name}/v{n}/evaluate", Scope.CURATE),
    Rule("POST", "/artifacts/{type}/{name}/alias", Scope.CURATE),
    Rule("POST", "/artifacts/{type}/{name}/v{n}/describe", Scope.CURATE),
    Rule("POST", "/artifacts/{type}/{name}/v{n}/promote", Scope.CURATE),
    Rule("POST", "/artifacts/{type}/{name}/v{n}/delete", Scope.CURATE),
    Rule("POST", "/artifacts/{type}/{name}/v{n}/restore", Scope.CURATE),
    Rule("POST", "/artifacts/{type}/{name}/v{n}/verify", Scope.CURATE),
    Rule("POST", "/api/v2/alerts/rules", Scope.CURATE),
    Rule("PATCH DELETE", "/api/v2/alerts/rules/{id}", Scope.CURATE),
    Rule("POST", "/api/v2/alerts/events/acknowledge", Scope.CURATE),
    Rule("GET POST", "/api/v2/shares", Scope.CURATE),
    Rule("DELETE", "/api/v2/shares/{id}", Scope.CURATE),
    Rule("POST", "/alerts/acknowledge", Scope.CURATE),
    Rule("GET POST", "/alerts/rules/new", Scope.CURATE),
    Rule("GET POST", "/alerts/rules/{id}", Scope.CURATE),
    Rule("POST", "/alerts/rules/{id}/switch", Scope.CURATE),
    Rule("POST DELETE", "/api/config/column-widths", Scope.CURATE, Subject.PREFERENCES, False),
    Rule("POST", "/api/config/column-widths/reset", Scope.CURATE),
    Rule("POST", "/api/config/dismissed-alerts/{action}", Scope.CURATE),
)
ADMINISTRATION: tuple[Rule, ...] = (
    Rule("POST", "/api/recycle-bin/empty", Scope.ADMIN),
    Rule("POST", "/recycle-bin/empty", Scope.ADMIN),
    Rule("POST", "/artifacts/{type}/{name}/v{n}/remove", Scope.ADMIN),
    Rule("DELETE", "/api/experiments/delete", Scope.ADMIN),
    Rule("POST", "/api/v2/experiments/batch-delete", Scope.ADMIN),
    Rule("POST", "/api/import/archive", Scope.ADMIN),
    Rule("GET POST", "/import", Scope.ADMIN),
    Rule("POST", "/import/take", Scope.ADMIN),
    Rule("GET", "/import/watched", Scope.ADMIN),
    Rule("POST", "/import/watch", Scope.ADMIN),
    Rule("POST", "/import/unwatch", Scope.ADMIN),
    Rule("GET POST", "/api/v2/watched-folders", Scope.ADMIN),
    Rule("DELETE", "/api/v2/watched-folders/{id}", Scope.ADMIN),
    Rule("POST", "/demo/{action}", Scope.ADMIN),
    Rule("POST", "/api/config/user_root_dir", Scope.ADMIN),
    Rule("GET POST", "/api/config/ssh_connections", Scope.ADMIN),
    Rule("GET DELETE", "/api/config/ssh_connections/{path}", Scope.ADMIN),
    Rule("GET POST", "/api/v2/alerts/channels", Scope.ADMIN),
    Rule("GET POST PATCH DELETE", "/api/v2/alerts/channels/{path}", Scope.ADMIN),
    Rule("GET POST", "/alerts/channels/{path}", Scope.ADMIN),
    Rule("GET POST", "/api/remote/{path}", Scope.ADMIN),
    Rule("GET", "/remote", Scope.ADMIN),
    Rule("GET POST", "/remote/{path}", Scope.ADMIN),
    Rule("GET", "/settings", Scope.ADMIN),
    Rule("POST", "/settings/shares/revoke", Scope.ADMIN, session_only=True),
    Rule("POST", "/settings/sessions/end", Scope.ADMIN, session_only=True),
    Rule("GET POST", "/settings/{path}", Scope.ADMIN),
    Rule("GET", "/users", Scope.ADMIN, session_only=True),
    Rule("POST", "/users/{path}", Scope.ADMIN, session_only=True),
    Rule("GET", "/changes", Scope.ADMIN),
    Rule("GET POST", "/admin", Scope.ADMIN, session_only=True),
    Rule("GET POST PUT PATCH DELETE", "/admin/{path}", Scope.ADMIN, session_only=True),
)
RULES = OPEN + READING + TRAINING + CURATION + ADMINISTRATION


@lru_cache(maxsize=4096)
def rule_of(method: str, path: str) -> Rule | None:
    """Return the first rule of a request, if it has one."""
    method, bare = "GET" if method in SAFE else method, path.rstrip("/")
    fitting = (rule for rule in RULES if method in rule.methods.split())
    return next((rule for rule in fitting if pattern(rule.path).fullmatch(bare)), None)


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
