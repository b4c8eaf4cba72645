"""Administration of users and groups."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from django.contrib.auth.models import Group, User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from people import services
from people.access.actor import Role
from people.changes import note_about
from people.errors import InvalidChange
from people.labels import ROLE_LABELS
from people.models import Grant, ProjectAccess
from runicorn.message import Message
from runicorn.store import layout
from runicorn_site.web.access import Scope, access
from runicorn_site.web.messages import translated
from runs.active_root import active_root
from runs.query.projects import projects


class ShownGrant(NamedTuple):
    """A role in a project."""

    project: str
    role: str
    label: Promise


class ShownUser(NamedTuple):
    """A row of the table of users."""

    user: User
    role: str
    grants: list[ShownGrant]
    groups: list[str]
    is_invited: bool


class ShownGroup(NamedTuple):
    """A row of the table of groups."""

    group: Group
    grants: list[ShownGrant]
    members: list[str]


@access(Scope.ADMIN, session_only=True)
@never_cache
@require_safe
def users_page(request: HttpRequest) -> HttpResponse:
    return page(request)


@access(Scope.ADMIN, session_only=True)
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """Create an account, and show the link by which its user chooses a password."""
    name, role = request.POST.get("name", "").strip(), role_of(request)
    note_about(request, name)
    try:
        user = services.add_user(name, role or Role.READ)
    except InvalidChange as error:
        return page(request, problem=translated(str(error)), refused="invite")
    return page(request, link=invitation(request, user), invited=user.username)


@access(Scope.ADMIN, session_only=True)
@require_POST
def change_user(request: HttpRequest, key: int, action: str) -> HttpResponse:
    """Change a user: `role`, `project`, `enable`, `disable`, `invite`, `join` or `leave`."""
    user = get_object_or_404(User, pk=key)
    change = ACTIONS.get(action)
    if change is None and action != "invite":
        raise Http404
    note_about(request, user.username)
    try:
        if change is None:
            return page(request, link=invitation(request, user), invited=user.username)
        change(request, user)
    except InvalidChange as error:
        return page(request, problem=translated(str(error)))
    return redirect("users")


@access(Scope.ADMIN, session_only=True)
@require_POST
def change_group(request: HttpRequest) -> HttpResponse:
    """Create a group, set its role, or delete it."""
    name = request.POST.get("group", "").strip()
    note_about(request, f"@{name}")
    try:
        if "delete" in request.POST:
            services.delete_group(name)
        else:
            services.set_role(services.group_named(name), role_of(request), project_of(request))
    except InvalidChange as error:
        return page(request, problem=translated(str(error)), refused="group")
    return redirect("users")


@access(Scope.ADMIN, session_only=True)
@require_POST
def change_access(request: HttpRequest) -> HttpResponse:
    """Open a project to all users, or restrict it to those with a role in it."""
    project = request.POST.get("project", "").strip()
    note_about(request, project)
    try:
        services.set_access(project, "open" in request.POST)
    except InvalidChange as error:
        return page(request, problem=translated(str(error)), refused="access")
    return redirect("users")


def _disable(request: HttpRequest, user: User) -> None:
    services.set_active(user, False)


def _enable(request: HttpRequest, user: User) -> None:
    services.set_active(user, True)


def _set_role(request: HttpRequest, user: User) -> None:
    services.set_role(user, role_of(request), project_of(request))


def _join(request: HttpRequest, user: User) -> None:
    services.set_member(user, services.group_named(request.POST.get("group", "").strip()), True)


def _leave(request: HttpRequest, user: User) -> None:
    services.set_member(user, services.group_named(request.POST.get("group", "").strip()), False)


ACTIONS: dict[str, Callable[[HttpRequest, User], None]] = {
    "role": _set_role,
    "disable": _disable,
    "enable": _enable,
    "join": _join,
    "leave": _leave,
}


TYPED: dict[str, Mapping[str, str]] = {
    "invite": {"role": Role.READ},
    "group": {"role": Role.WRITE_OWN},
    "access": {},
}
"""Values of the forms at first."""


def role_of(request: HttpRequest) -> Role | None:
    """Return the role in a form; None to remove one.

    Raises:
        InvalidChange: it is unknown.
    """
    text = request.POST.get("role", "")
    if text and text not in tuple(Role):
        raise InvalidChange(Message("Unknown role"))
    return Role(text) if text else None


def project_of(request: HttpRequest) -> str:
    """Return the project in a form, "" for all.

    Raises:
        InvalidChange: no project can have this name.
    """
    try:
        name = request.POST.get("project", "").strip()
        return layout.check_name(name, "project") if name else ""
    except layout.InvalidName as error:
        raise InvalidChange(str(error)) from error


def invitation(request: HttpRequest, user: User) -> str:
    return request.build_absolute_uri(reverse("invitation", args=[services.invite(user)]))


def page(
    request: HttpRequest, link: str = "", invited: str = "", problem: str = "", refused: str = ""
) -> HttpResponse:
    """Render the page with the result of a form; the one that was refused keeps what was typed."""
    access = list(ProjectAccess.objects.order_by("project"))
    context = {
        "access": [access_of_project for access_of_project in access if access_of_project.project],
        "all_users_read": all(
            access_of_project.is_open for access_of_project in access if not access_of_project.project
        ),
        "users": shown_users(),
        "groups": shown_groups(),
        "roles": [(role.value, label) for role, label in ROLE_LABELS.items()],
        "projects": [project["name"] for project in projects(active_root())],
        "link": link,
        "invited": invited,
        "problem": problem,
        "typed": TYPED | ({refused: request.POST} if refused else {}),
    }
    return render(request, "people/users.html", context, status=400 if problem else 200)


def shown_users() -> list[ShownUser]:
    rows = services.accounts().select_related("invitation")
    return [
        ShownUser(
            row,
            next((grant.role for grant in row.grants.all() if not grant.project), Role.READ.value),
            shown_grants(row.grants.all()),
            sorted(group.name for group in row.groups.all()),
            hasattr(row, "invitation") and row.invitation.expires_at > time.time(),
        )
        for row in rows
    ]


def shown_groups() -> list[ShownGroup]:
    rows = Group.objects.order_by("name").prefetch_related("user_set", "grants")
    return [
        ShownGroup(row, shown_grants(row.grants.all()), sorted(user.username for user in row.user_set.all()))
        for row in rows
    ]


def shown_grants(grants: Iterable[Grant]) -> list[ShownGrant]:
    """Return roles with their labels, by project."""
    rows = (ShownGrant(grant.project, grant.role, ROLE_LABELS[Role(grant.role)]) for grant in grants)
    return sorted(rows, key=lambda grant: grant.project)
