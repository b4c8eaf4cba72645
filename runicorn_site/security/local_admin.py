"""User of the admin site: the staff user `local`, which has no password."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

NAME = "local"
UNUSABLE = "!"
"""Django's mark of an unusable password."""


class LocalAdmin:
    """Middleware that makes `local` the user of every request to /admin/ that the guard has let in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Set the user; its row is fetched on first use."""
        if request.path_info.startswith("/admin/"):
            request.user = cast(User, SimpleLazyObject(local_user))
        return self.get_response(request)


def local_user() -> User:
    """Return the user; its row, created at the first visit, is of nobody who may sign in."""
    user, _ = User.objects.get_or_create(username=NAME, defaults={"is_active": False, "password": UNUSABLE})
    user.is_active = user.is_staff = user.is_superuser = True
    return user
