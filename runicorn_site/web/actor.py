"""Sender of a request, for apps; see `people/access/actor.py` for its permissions."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.request import Request

KEY = "runicorn.actor"
"""Key of an ASGI scope."""


def sender_name(request: Request) -> str:
    """Return the name of the user or of the API token's owner, or "" without either."""
    scope = getattr(request._request, "scope", {})
    return str(getattr(scope.get(KEY), "name", ""))


def sender_key(request: Request) -> str:
    """Return what distinguishes the sender from others: its name, or its address without one."""
    return sender_name(request) or str(request.META["REMOTE_ADDR"])


def user_name(request: HttpRequest) -> str:
    """Return the name of the signed-in user, or "" for an API token and on a viewer without users."""
    actor = getattr(request, "scope", {}).get(KEY)
    return "" if actor is None or actor.account is None or actor.token else str(actor.name)


def may_curate(request: HttpRequest) -> bool:
    """Return whether the sender of a request may change what belongs to no run, no project and no other user."""
    actor = getattr(request, "scope", {}).get(KEY)
    return actor is None or bool(actor.may_curate)


def may_change_boards(request: HttpRequest, project: str) -> bool:
    actor = getattr(request, "scope", {}).get(KEY)
    return actor is None or bool(actor.may_change_boards(project))
