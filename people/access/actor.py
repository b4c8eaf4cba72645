"""Sender of a request and its permissions. No Django.

The guard sets the actor of a request in its ASGI scope and asks `Actor.refusal` before the body has arrived.
`Actor.may_change` judges what a request changes, once it is known (`people/middleware.py`).
A request without an actor may do everything: on a viewer without users it has passed the guard's check of the token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from people.access.routes import SAFE, Rule, allows, required_scope, rule_of
from runicorn.message import Message, gettext_noop
from runicorn_site.security.plain_responses import Refusal
from runicorn_site.security.request_rules import Head
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.actor import ACTOR
from runicorn_site.web.readable import EVERYTHING, Readable


class Role(StrEnum):
    """Rights of a user; each role contains those before it."""

    READ = "read"
    WRITE_OWN = "write-own"
    WRITE_ALL = "write-all"
    CURATE = "curate"
    ADMIN = "admin"

    @property
    def scope(self) -> Scope:
        """The widest scope of the user's tokens."""
        return SCOPES[self]

    def includes(self, other: Role) -> bool:
        return ROLES.index(self) >= ROLES.index(other)


ROLES = tuple(Role)
SCOPES = {
    Role.READ: Scope.READ,
    Role.WRITE_OWN: Scope.WRITE,
    Role.WRITE_ALL: Scope.WRITE,
    Role.CURATE: Scope.CURATE,
    Role.ADMIN: Scope.ADMIN,
}
TOKEN_ROLES = {
    Scope.READ: Role.READ,
    Scope.WRITE: Role.WRITE_ALL,
    Scope.CURATE: Role.CURATE,
    Scope.ADMIN: Role.ADMIN,
}
"""Roles of tokens without an account, made on the command line."""

TOKEN_REFUSALS: dict[Scope, str] = {
    Scope.READ: "This token may not read",
    Scope.WRITE: "This token may not upload runs or artifacts",
    Scope.CURATE: "This token may not edit, move, share or delete",
    Scope.ADMIN: "This token may not administer the viewer",
}
USER_REFUSALS: dict[Scope, str] = {
    Scope.READ: gettext_noop("You may not read this"),
    Scope.WRITE: gettext_noop("You may not upload runs or artifacts"),
    Scope.CURATE: gettext_noop("You may not edit, move, share or delete this"),
    Scope.ADMIN: gettext_noop("Only administrators may do this"),
}
SESSION_ONLY = "This page is for a signed-in browser; API tokens are refused"
UNKNOWN = Message("This page does not exist, or you may not open it")


class Target(NamedTuple):
    """A run or a project that a request changes.

    Attributes:
        project: its name.
        owner: user who uploaded the run; "" for a local run, and for projects.
    """

    project: str
    owner: str = ""


BOARD = Rule("", Scope.CURATE, Subject.PROJECT)


def least_role(rule: Rule | None, subject: Subject | None = None) -> Role:
    """Return the role with which a request of a rule is allowed whatever it changes.

    Args:
        rule: None for a route without one.
        subject: what the request changes.
    """
    scope = Scope.ADMIN if rule is None else rule.scope
    if scope is Scope.CURATE and subject is Subject.RUNS:
        return Role.WRITE_ALL
    if scope is Scope.WRITE:
        return Role.WRITE_ALL if subject is Subject.RUNS else Role.WRITE_OWN
    return Role(scope or Scope.READ)


@dataclass(frozen=True)
class Actor:
    """A user, a token, or both."""

    name: str
    """Name of the account, or of the token's owner: the owner of runs that are uploaded."""
    role: Role
    """In all projects."""
    projects: Mapping[str, Role] = field(default_factory=dict)
    """Further roles in single projects."""
    token: str = ""
    """Name of the API token that the request shows."""
    scope: Scope | None = None
    """Scope of that token."""
    account: int | None = None
    """Key of the account's row."""
    readable: Readable = EVERYTHING

    @property
    def roles(self) -> list[Role]:
        """The role in all projects, and those in single ones."""
        return [self.role, *self.projects.values()]

    @property
    def may_curate(self) -> bool:
        """Whether the actor may change what belongs to no run, no project and no other user."""
        is_scope = self.scope is None or allows(self.scope, Scope.CURATE)
        return is_scope and self.role.includes(Role.CURATE)

    def refusal(self, head: Head) -> Refusal | None:
        """Return the refusal of a request by its head, or None.

        A request that may be allowed for some runs or projects passes; `may_change` decides.
        """
        query = head.target.partition("?")[2]
        required = required_scope(head.method, head.path, query)
        rule = rule_of(head.method, head.path)
        if self.scope is not None and rule is not None and rule.session_only:
            return Refusal(403, SESSION_ONLY)
        if self.scope is not None and not allows(self.scope, required):
            return Refusal(403, TOKEN_REFUSALS[required])
        if rule is None and head.method in SAFE and self.role is not Role.ADMIN and self.scope is None:
            return Refusal(404, UNKNOWN, has_way_home=True)
        is_allowed = self.role is Role.ADMIN if required is Scope.ADMIN else self.may_ever(rule)
        return None if is_allowed else Refusal(403, USER_REFUSALS[required], has_way_home=True)

    def may_ever(self, rule: Rule | None) -> bool:
        """Return whether a request of a rule is allowed for anything that it could change."""
        if rule is None or rule.scope is None or rule.subject is None:
            # Artifacts belong to no project: users who may write anywhere may upload them.
            roles = self.roles if rule is not None and rule.scope is Scope.WRITE else [self.role]
            return any(role.includes(least_role(rule)) for role in roles)
        if rule.subject is Subject.PREFERENCES:
            return True
        least = Role.WRITE_OWN if rule.subject is Subject.RUNS else least_role(rule)
        return any(role.includes(least) for role in self.roles)

    def may_always(self, rule: Rule) -> bool:
        """Return whether a request of a rule is allowed whatever it changes."""
        return self.readable.is_everything and self.has_role_for(rule)

    def has_role_for(self, rule: Rule) -> bool:
        """Return whether a request of a rule is allowed for everything that the actor may read."""
        return self.role.includes(least_role(rule, rule.subject))

    def may_change(self, rule: Rule, targets: Iterable[Target]) -> bool:
        """Return whether a request of a rule is allowed for all of these runs or projects."""
        return self.may_always(rule) or all(self._may_change(rule, target) for target in targets)

    def may_change_boards(self, project: str) -> bool:
        return self.may_change(BOARD, [Target(project)])

    def _may_change(self, rule: Rule, target: Target) -> bool:
        # Views answer for the pages and boards of a hidden project as for those of a missing one.
        if target.project and target.project not in self.readable and rule.subject is not Subject.PROJECT:
            return False
        granted = self.projects.get(target.project, self.role)
        role = granted if granted.includes(self.role) else self.role
        if role.includes(least_role(rule, rule.subject)):
            return True
        is_own = rule.subject is Subject.RUNS and bool(self.name) and target.owner == self.name
        return is_own and role.includes(Role.WRITE_OWN)


class Anonymous(Actor):
    """Sender of a request that needs no login on a viewer with users."""

    def refusal(self, head: Head) -> Refusal | None:
        rule = rule_of(head.method, head.path)
        return None if rule is not None and rule.scope is None else Refusal(403, USER_REFUSALS[Scope.READ])

    def may_ever(self, rule: Rule | None) -> bool:
        return rule is not None and rule.scope is None

    def may_always(self, rule: Rule) -> bool:
        return rule.scope is None

    def may_change(self, rule: Rule, targets: Iterable[Target]) -> bool:
        return rule.scope is None


ANONYMOUS = Anonymous("", Role.READ)


def actor_of(scope: MutableMapping[str, Any]) -> Actor | None:
    """Return the actor of an ASGI scope; None on a viewer without users, for requests without an API token."""
    actor: Actor | None = scope.get(ACTOR)
    return actor
