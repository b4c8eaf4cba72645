"""Middleware of a viewer with users: identifies the user and checks changes per run and project."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from people.access.actor import Actor, Role, Target, actor_of
from people.access.routes import Rule, rule_of
from people.changes import note_targets
from runicorn.json_value import JsonObject
from runicorn.store import layout
from runicorn_site.web.access import Scope, Subject
from runs.active_root import active_root
from runs.index import refresh
from runs.models import Run
from runs.store.reader import project_of_folder

GetResponse = Callable[[HttpRequest], HttpResponseBase]
MOST_RUNS = 5000
"""More are refused to those who may not edit all runs."""
NOT_THERE = Target("")


class CurrentUser:
    """Set `request.user` to the account of the actor, whatever signed it in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        actor = actor_of(request.scope)  # type: ignore[attr-defined]  # ASGI only
        if actor is not None and actor.account is not None:
            request.user = cast(User, SimpleLazyObject(lambda: account_of(actor)))
        return self.get_response(request)


def account_of(actor: Actor) -> User | AnonymousUser:
    """Return the row of the actor's account; the admin site is for administrators."""
    user = User.objects.filter(pk=actor.account or 0).first()
    if user is None:
        return AnonymousUser()
    user.is_staff = user.is_superuser = actor.role is Role.ADMIN
    return user


class Rights:
    """Refuse changes of runs and projects that the actor may not make."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Check a request whose rule depends on what it changes.

        Raises:
            PermissionDenied: the actor may not change all of it.
        """
        actor = actor_of(request.scope)  # type: ignore[attr-defined]
        rule = rule_of(request.method or "GET", request.path_info)
        if actor is None or rule is None or rule.subject is None:
            return None
        if rule.subject is Subject.PREFERENCES:
            return None if actor.has_role_for(rule) else HttpResponse(status=204)
        if rule.is_recorded:
            note_targets(request, () if rule.subject is Subject.PROJECT else run_ids(request, kwargs))
        if rule.subject is Subject.CREATOR:
            # The right to change a run includes naming it as a creator. An unknown run belongs to no one.
            rule = rule._replace(subject=Subject.RUNS)
            rows = refresh.refresh_runs(active_root(), ids := run_ids(request, kwargs)).values()
            hidden = any(refresh.is_hidden(active_root(), run_id) for run_id in ids)
            if not hidden and actor.may_change(rule, [target_of(row) for row in rows if row is not None]):
                return None
            raise PermissionDenied
        if not actor.may_always(rule) and not actor.may_change(rule, targets(request, rule, kwargs)):
            raise PermissionDenied
        return None


def targets(request: HttpRequest, rule: Rule, kwargs: dict[str, Any]) -> list[Target]:
    """Return the runs and projects that a request changes, as they are, and the project that it moves runs to.

    A missing run counts as that of another user, unless it is about to be uploaded.
    """
    if rule.subject is Subject.PROJECT:
        return [Target(kwargs["project"])]
    ids = run_ids(request, kwargs)
    rows = refresh.refresh_runs(active_root(), ids)
    own = cast(Actor, actor_of(request.scope)).name  # type: ignore[attr-defined]
    is_new = rule.scope is Scope.WRITE and not any(rows.values())
    run_targets = [target_of(row) if row else NOT_THERE for row in map(rows.get, ids)]
    if is_new:
        run_targets = [Target("", own)]
    project_names = named_projects(request, kwargs)
    # A blank name moves runs back to the projects of their folders.
    homes = [
        project_of_folder(row.root.path, row.folder) for row in rows.values() if row and "" in project_names
    ]
    projects = [Target(project, own) for project in (*filter(None, project_names), *homes)]
    if is_new and projects:
        return projects
    return [*run_targets, *projects] or [NOT_THERE]


def target_of(run: Run) -> Target:
    return Target(run.project, run.owner or "")


def named_projects(request: HttpRequest, kwargs: dict[str, Any]) -> list[str]:
    """Return the projects that a request moves runs to, or that an uploaded `meta.json` names."""
    body = json_body(request, is_file=kwargs.get("name") == layout.META)
    project_names = [body.get("project"), request.GET.get("project")]
    if "path" in body:
        with suppress(layout.InvalidName):
            project_names.append(layout.names_of_path(layout.check_path(body["path"]))[0])
    return [project.strip() for project in project_names if isinstance(project, str)]  # as serializers do


def run_ids(request: HttpRequest, kwargs: dict[str, Any]) -> list[str]:
    """Return the ids of the runs in the path, the form or the JSON body of a request."""
    if "run_id" in kwargs:
        return [kwargs["run_id"]]
    body = json_body(request)
    field = body.get("run_ids")
    # Each route reads one of the fields and ignores the other.
    posted = [*(field if isinstance(field, list) else []), *([body["run_id"]] if body.get("run_id") else [])]
    ids = [*posted, *_form(request)]
    # Serializers trim ids.
    unique_ids = dict.fromkeys(value.strip() if isinstance(value, str) else "" for value in ids)
    return list(unique_ids) if len(unique_ids) <= MOST_RUNS else [""]


def _form(request: HttpRequest) -> Iterator[str]:
    if request.content_type != "application/json":
        yield from request.POST.getlist("run_ids")
        yield from request.POST.getlist("only")


def json_body(request: HttpRequest, is_file: bool = False) -> JsonObject:
    """Return the JSON object in the body of a request, or in the file of a large body; empty without one."""
    if request.content_type != "application/json" and not is_file:
        return {}
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}  # the view answers 400
    return document if isinstance(document, dict) else {}
