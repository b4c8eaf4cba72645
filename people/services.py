"""Changes of users: accounts, roles, groups, invitations."""

from __future__ import annotations

import hashlib
import secrets
import time
from contextlib import suppress
from typing import Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import QuerySet

from people.access.actor import Role
from people.errors import InvalidChange, UnknownUser
from people.models import Grant, Identity, Invitation, ProjectAccess
from runicorn.message import Message
from runicorn.store import layout
from runicorn_site.security.local_admin import UNUSABLE
from runicorn_site.web.durable import changing

INVITATION_SECONDS: Final = 7 * 24 * 3600
LONGEST_NAME = 150
LONGEST_PROJECT = 255


def add_user(name: str, role: Role = Role.READ, project: str = "") -> User:
    """Create an account without a password; an invitation or another way to sign in opens it.

    Raises:
        InvalidChange: the name is malformed or taken.
    """
    user = User(username=User.normalize_username(name))
    user.set_unusable_password()
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise InvalidChange(" ".join(error.messages)) from error
    if User.objects.filter(username__iexact=user.username).exists():
        raise InvalidChange(Message("User {name} already exists", name=name))
    with changing():
        user.save()
        set_role(user, role, project)
    return user


def user_named(name: str) -> User:
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist as error:
        raise UnknownUser(Message("User {name} does not exist", name=name)) from error


def group_named(name: str) -> Group:
    """Return a group, which is created if it is missing.

    Raises:
        InvalidChange: the name is malformed.
    """
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidChange(Message("A group name has 1 to {most} printable characters", most=LONGEST_NAME))
    return Group.objects.get_or_create(name=name)[0]


def set_role(whom: User | Group, role: Role | None, project: str = "") -> None:
    """Set the role of a user or a group in one project, or in all; None removes it.

    Raises:
        InvalidChange: it would leave no administrator.
    """
    key = {"user": whom} if isinstance(whom, User) else {"group": whom}
    with changing():
        had = has_administrators()
        if role is None:
            Grant.objects.filter(project=project, **key).delete()
        else:
            Grant.objects.update_or_create(project=project, **key, defaults={"role": role.value})
        _keep_an_administrator(had)


def set_access(project: str, is_open: bool) -> None:
    """Open a project to all users, or restrict it to administrators and users with a role in it.

    Args:
        project: its name, or "" for all projects that have no setting of their own.
        is_open: whether all users may read it.

    Raises:
        InvalidChange: no project can have this name.
    """
    try:
        name = layout.check_name(project, "project") if project else ""
    except layout.InvalidName as error:
        raise InvalidChange(str(error)) from error
    ProjectAccess.objects.update_or_create(project=name, defaults={"is_open": is_open})


def set_active(user: User, active: bool) -> None:
    """Enable or disable an account; a disabled one is signed out, and its tokens are refused.

    Raises:
        InvalidChange: it would leave no administrator.
    """
    with changing():
        had = has_administrators()
        user.is_active = active
        user.save(update_fields=["is_active"])
        if not active:
            Invitation.objects.filter(user=user).delete()
            _end_sessions(user)
        _keep_an_administrator(had)


def set_member(user: User, group: Group, member: bool) -> None:
    """Add a user to a group, or remove them.

    Raises:
        InvalidChange: it would leave no administrator.
    """
    with changing():
        had = has_administrators()
        (user.groups.add if member else user.groups.remove)(group)
        _keep_an_administrator(had)


def delete_group(name: str) -> None:
    """Delete a group and its roles.

    Raises:
        InvalidChange: it would leave no administrator.
    """
    with changing():
        had = has_administrators()
        Group.objects.filter(name=name).delete()
        _keep_an_administrator(had)


def accounts() -> QuerySet[User]:
    """Return the accounts by name, without the row of the admin site of a viewer without users."""
    return User.objects.exclude(password=UNUSABLE).order_by("username").prefetch_related("groups", "grants")


def has_administrators() -> bool:
    """Return whether an active user administers the viewer."""
    admin = Grant.objects.filter(role=Role.ADMIN.value, project="")
    active = User.objects.filter(is_active=True)
    return active.filter(grants__in=admin).exists() or active.filter(groups__grants__in=admin).exists()


def invite(user: User) -> str:
    """Return the secret of a new link by which the user chooses a password; earlier links become invalid."""
    secret, now = secrets.token_urlsafe(32), time.time()
    fields = {"digest": _digest(secret), "created_at": now, "expires_at": now + INVITATION_SECONDS}
    Invitation.objects.update_or_create(user=user, defaults=fields)
    return secret


def invited_user(secret: str) -> User | None:
    """Return the user of a link that is valid."""
    matches = Invitation.objects.select_related("user").filter(
        digest=_digest(secret), expires_at__gt=time.time(), user__is_active=True
    )
    invitation = matches.first()
    return invitation.user if invitation is not None else None


def redeem(secret: str, password: str) -> User | None:
    """Set the password of the invited user, once; None if the link is no longer valid."""
    with changing():
        user = invited_user(secret)
        if user is None or not Invitation.objects.filter(digest=_digest(secret)).delete()[0]:
            return None
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def sign_up(name: str) -> User | None:
    """Create an account for a user signed in by a proxy or a provider, if sign-up is allowed.

    `RUNICORN_SIGN_UP_ROLE` is their role; None without it, or if the name is malformed or taken.
    """
    if settings.SIGN_UP_ROLE is None:
        return None
    try:
        return add_user(name, settings.SIGN_UP_ROLE)
    except InvalidChange:
        return None


def user_of_identity(issuer: str, subject: str, name: str) -> User | None:
    """Return the user of an OpenID Connect identity, or sign them up as `name`."""
    identities = Identity.objects.select_related("user").filter(issuer=issuer, subject=subject)
    identity = identities.first()
    if identity is None:
        # Unless another request of the user signs them up at the same time.
        with suppress(IntegrityError), changing():
            if (user := sign_up(name)) is not None:
                Identity.objects.create(user=user, issuer=issuer, subject=subject)
        identity = identities.first()
    return identity.user if identity is not None and identity.user.is_active else None


def _end_sessions(user: User) -> None:
    """Delete the user's sessions, which would be valid again once the user is enabled."""
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def _keep_an_administrator(had: bool) -> None:
    if had and not has_administrators():
        raise InvalidChange(Message("At least one administrator must remain"))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
