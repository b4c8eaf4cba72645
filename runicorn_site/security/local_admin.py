"""Who acts on the admin site: the staff user `local`, which nobody can log in as."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

NAME = "local"
UNUSABLE = "!"
"""How Django marks a password that no password matches."""


class LocalAdmin:
    """Middleware: everybody whom the guard lets in (this machine, or the token) acts as that user on /admin/."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Set the user, who is only looked up when somebody asks."""
        if request.path_info.startswith("/admin/"):
            request.user = cast(User, SimpleLazyObject(local_user))
        return self.get_response(request)


def local_user() -> User:
    """The user's row, made at the first visit."""
    about = {"is_staff": True, "is_superuser": True, "password": UNUSABLE}
    return User.objects.get_or_create(username=NAME, defaults=about)[0]
