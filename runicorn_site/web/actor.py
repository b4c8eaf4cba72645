"""Sender of a request: an actor, or the visitor of a shared link.

`people/access/actor.py` has the permissions of actors. Pages of shared links are read-only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from rest_framework.request import Request

ACTOR = "runicorn.actor"
"""Key of an ASGI scope: the actor of its request."""
SHARED = "runicorn.shared"
"""Key of an ASGI scope: the share by whose link its request came."""


def is_shared(request: HttpRequest) -> bool:
    return SHARED in getattr(request, "scope", {})


def sender_name(request: Request) -> str:
    """Return the name of the user or of the API token's owner, or "" without either."""
    scope = getattr(request._request, "scope", {})
    return str(getattr(scope.get(ACTOR), "name", ""))


def sender_label(request: HttpRequest | Request) -> str:
    """Return the name of the user, or of the API token of no user; "" without either."""
    actor = getattr(getattr(request, "_request", request), "scope", {}).get(ACTOR)
    return "" if actor is None else str(actor.name or actor.token)


def sender_key(request: Request) -> str:
    """Return the key of a sender for counting: its name, or its address without one."""
    return sender_name(request) or str(request.META["REMOTE_ADDR"])


def user_name(request: HttpRequest) -> str:
    """Return the name of the signed-in user, or "" for an API token and on a viewer without users."""
    actor = getattr(request, "scope", {}).get(ACTOR)
    return "" if actor is None or actor.account is None or actor.token else str(actor.name)


def may_curate(request: HttpRequest) -> bool:
    """Return whether the sender of a request may change what belongs to no run, no project and no other user."""
    actor = getattr(request, "scope", {}).get(ACTOR)
    return actor is None or bool(actor.may_curate)


def may_change_boards(request: HttpRequest | Request, project: str) -> bool:
    actor = getattr(getattr(request, "_request", request), "scope", {}).get(ACTOR)
    return actor is None or bool(actor.may_change_boards(project))
