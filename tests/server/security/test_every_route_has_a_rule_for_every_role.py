"""Every route has a rule, and each role may do what the table says and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls import path as url
from django.views.decorators.http import require_http_methods, require_safe

from metrics.live.urls import websocket_patterns as metric_sockets
from people.access import routes as access_routes
from people.access.actor import ROLES, Actor, Role, Target
from people.access.routes import required_scope, routes_of, rule_of, table
from people.pages.urls import page_patterns as people_pages
from runicorn_site.security.methods import methods
from runicorn_site.security.request_rules import Head
from runicorn_site.web.access import Scope, Subject, access
from runs.live.urls import websocket_patterns as run_sockets

CATCH_ALL = ("/api/x", "/api/unified", "/api/ssh", "/api/unified/x", "/api/ssh/x")
"""Addresses of retired routes, answered 404 or 410."""
WITHOUT_BODY = {"HEAD", "OPTIONS"}
ALL = ("GET", "POST")
"""Methods of views whose methods are unknown: those of Django's admin site."""
TARGETS = {
    "own": Target("vision", "ada"),
    "other": Target("vision", "bo"),
    "granted": Target("speech", "bo"),
}


@pytest.fixture(scope="module", autouse=True)
def _table_of_a_viewer_with_users() -> Iterator[None]:
    """Let the pages about users be in the table, as they are where `--users` is."""
    with pytest.MonkeyPatch.context() as patch:
        both = (*table(), *routes_of(people_pages))
        patch.setattr(access_routes, "table", lambda: both)
        rule_of.cache_clear()
        yield
    rule_of.cache_clear()


def routes(patterns: list[URLPattern | URLResolver], before: str = "/") -> list[tuple[str, str]]:
    """Return a method and an address of every route."""
    all_paths = []
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            all_paths += routes(pattern.url_patterns, path)
            continue
        address = re.sub(r"<int:[^>]*>", "1", re.sub(r"<(?:str|path):[^>]*>", "x", path))
        address = re.sub(r"\^?\(\?P<\w+>[^)]*\)\)?/?\$?", "x", address)
        all_paths += [
            (method, address) for method in methods(pattern.callback) or ALL if method not in WITHOUT_BODY
        ]
    return all_paths


def all_routes() -> list[tuple[str, str]]:
    """Return every route of the site, sockets included."""
    sockets = [
        (
            "GET",
            "/"
            + re.sub(r"\(\?P<\w+>[^)]*\)", "x", str(pattern.pattern.regex.pattern))
            .strip("^$")
            .removesuffix("/?"),
        )
        for pattern in (*run_sockets, *metric_sockets)
    ]
    return [*routes([*get_resolver().url_patterns, *people_pages]), *sockets]


def head(method: str, path: str) -> Head:
    return Head(method, path, [(b"host", b"localhost")])


def test_every_route_has_a_rule() -> None:
    all_paths = all_routes()
    assert len(all_paths) > 170 and ("GET", "/runs/x/live") in all_paths
    without = [(method, path) for method, path in all_paths if rule_of(method, path) is None]
    assert [route for route in without if route[1] not in CATCH_ALL] == []


def test_every_rule_has_a_route() -> None:
    rules_of_routes = {rule_of(method, path) for method, path in all_routes()}
    declared = {rule for route in access_routes.table() for rule in route.rules.values()}
    # The first rule of a path holds; one at the same path behind it would hold for nothing.
    assert declared - rules_of_routes == set() and len(declared) > 160


def test_a_view_without_a_declaration_is_closed_whatever_is_declared_behind_it() -> None:
    @require_http_methods(["GET", "POST"])
    def silent(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @access(Scope.READ)
    @require_safe
    def everything(request: HttpRequest, rest: str) -> HttpResponse:
        return HttpResponse()

    patterns = [url("new/<int:key>", silent), url("new/<path:rest>", everything)]
    first, second = routes_of(patterns)
    assert first.rules == {} and first.pattern.match("new/1") and not first.pattern.match("new/x")
    assert set(second.rules) == {"GET"} and second.rules["GET"].path == "/new/{path}"


def test_pages_that_change_accounts_tokens_links_or_sessions_are_for_sessions_only() -> None:
    paths = r"/account|/users|/admin|/settings/(shares|sessions)"
    about = [route for route in all_routes() if re.match(paths, route[1])]
    rules = {rule_of(*route) for route in about}
    assert len(about) > 20 and all(rule is not None and rule.session_only for rule in rules)
    token = Actor("ada", Role.ADMIN, token="ci", scope=Scope.ADMIN)
    assert {token.refusal(head(*route)).status for route in about} == {403}  # type: ignore[union-attr]
    others = [route for route in all_routes() if not re.match(paths, route[1])]
    assert [route for route in others if (rule := rule_of(*route)) and rule.session_only] == []


def test_a_route_without_a_rule_is_for_administrators() -> None:
    assert required_scope("GET", "/api/new") == required_scope("PATCH", "/new") == "admin"
    reader, admin = Actor("ada", Role.READ), Actor("root", Role.ADMIN)
    assert [reader.refusal(head(method, "/new")).status for method in ("GET", "POST")] == [404, 403]  # type: ignore[union-attr]
    assert admin.refusal(head("POST", "/new")) is None


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_the_table_says(role: Role) -> None:
    """Sending and curating runs depends on their owner, everything else on the role alone."""
    least = {
        Scope.READ: Role.READ,
        Scope.WRITE: Role.WRITE_OWN,
        Scope.CURATE: Role.CURATE,
        Scope.ADMIN: Role.ADMIN,
    }
    actor = Actor("ada", role)
    wrong = []
    for method, path in all_routes():
        rule = rule_of(method, path)
        if rule is None or rule.scope is None:
            continue
        needed = least[rule.scope]
        if rule.subject is Subject.RUNS:
            needed = Role.WRITE_OWN
            own, other = (actor.may_change(rule, [TARGETS[kind]]) for kind in ("own", "other"))
            if own != role.includes(Role.WRITE_OWN) or other != role.includes(Role.WRITE_ALL):
                wrong.append((method, path))
        if rule.subject is Subject.PREFERENCES:
            needed = Role.READ
            assert actor.may_always(rule) == role.includes(Role.CURATE)
        if (actor.refusal(head(method, path)) is None) != role.includes(needed):
            wrong.append((method, path))
    assert wrong == []


def test_a_role_in_a_project_holds_for_its_runs_and_boards() -> None:
    actor = Actor("ada", Role.READ, {"speech": Role.WRITE_ALL})
    edit, board, tags = (
        rule_of(*route)
        for route in (
            ("PATCH", "/api/runs/x"),
            ("PUT", "/projects/speech/boards/x"),
            ("POST", "/alerts/acknowledge"),
        )
    )
    assert edit and board and tags
    assert actor.refusal(head("PATCH", "/api/runs/x")) is None
    assert actor.may_change(edit, [TARGETS["granted"]])
    assert not actor.may_change(edit, [TARGETS["own"]])  # a reader of that project
    assert not actor.may_change(edit, [TARGETS["granted"], TARGETS["other"]])
    assert actor.refusal(head("PUT", "/projects/speech/boards/x")) is not None
    curator = Actor("ada", Role.READ, {"speech": Role.CURATE})
    assert curator.may_change(board, [Target("speech")]) and not curator.may_change(board, [Target("vision")])
    assert curator.refusal(head("POST", "/alerts/acknowledge")) is not None


def test_a_token_of_a_user_may_do_what_both_may() -> None:
    token = Actor("ada", Role.ADMIN, token="ci", scope=Scope.READ)
    assert token.refusal(head("GET", "/api/runs")) is None
    assert token.refusal(head("PATCH", "/api/runs/x")).status == 403  # type: ignore[union-attr]
    wide = Actor("ada", Role.READ, token="ci", scope=Scope.ADMIN)
    assert wide.refusal(head("PATCH", "/api/runs/x")).status == 403  # type: ignore[union-attr]


def test_permanent_deletion_needs_an_administrator() -> None:
    for role in ROLES:
        refusal = Actor("ada", role).refusal(head("DELETE", "/api/artifacts/a/v1?permanent=1"))
        assert (refusal is None) == (role is Role.ADMIN)


def test_an_alias_of_an_artifact_called_uploads_needs_a_curator() -> None:
    for path in ("/api/artifacts/uploads/aliases/contents", "/api/artifacts/uploads/aliases/parts"):
        assert required_scope("PUT", path) is Scope.CURATE
    assert required_scope("PUT", "/api/artifacts/uploads/x/contents") is Scope.WRITE
