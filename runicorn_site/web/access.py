"""Declaration of the access to a view: scope and subject.

`people/access/routes.py` makes the table of all routes from them; a route without one is for
administrators. Methods of API views are declared by `endpoint`, everything else by `access` or `public`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

ATTRIBUTE = "access"
View = TypeVar("View")


class Scope(StrEnum):
    """Rights of a caller; each scope contains those before it."""

    READ = "read"
    WRITE = "write"
    CURATE = "curate"
    ADMIN = "admin"


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


class Access(NamedTuple):
    """Access to a view, or to a method of one.

    Attributes:
        scope: that requests need; None if they need no login where the viewer has users.
        subject: what they change.
        is_recorded: whether the record of changes names them.
        session_only: whether API tokens are refused, whatever their scope.
    """

    scope: Scope | None
    subject: Subject | None = None
    is_recorded: bool = True
    session_only: bool = False


def access(
    scope: Scope, subject: Subject | None = None, *, recorded: bool = True, session_only: bool = False
) -> Callable[[View], View]:
    """Declare who may call a view function, a class-based view, a consumer, or the views of an included site."""
    return _declared(Access(scope, subject, recorded, session_only))


def public(view: View) -> View:
    """Declare that a view needs no login."""
    return _declared(Access(None))(view)


def _declared(declaration: Access) -> Callable[[View], View]:
    def declare(view: View) -> View:
        setattr(view, ATTRIBUTE, declaration)
        return view

    return declare


def access_of(view: Any, method: str) -> Access | None:
    """Return the declaration of a method of a resolved view function, consumer or included site."""
    # Of class-based views, of those of REST framework, and of consumers.
    kind = (
        getattr(view, "view_class", None)
        or getattr(view, "cls", None)
        or getattr(view, "consumer_class", None)
    )
    for owner in (getattr(kind, method.lower(), None), kind, view):
        declaration: Access | None = getattr(owner, ATTRIBUTE, None)
        if declaration is not None:
            return declaration
    return None
