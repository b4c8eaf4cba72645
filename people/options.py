"""Options of a viewer with users, from environment variables. No Django."""

from __future__ import annotations

from people.access.actor import Role
from runicorn.settings.user import get, is_on

SETTING = "RUNICORN_USERS"
ON = "yes"


class BadOption(ValueError):
    """An environment variable about users has an invalid value."""


def has_users() -> bool:
    """Return whether this process serves or changes the users of a viewer."""
    return is_on(SETTING)


def sign_up_role() -> Role | None:
    """Return the role of accounts that are created at the first sign-in by a proxy or a provider, if they may be."""
    text = get("RUNICORN_SIGN_UP_ROLE")
    try:
        return Role(text) if text else None
    except ValueError as error:
        raise BadOption(f"RUNICORN_SIGN_UP_ROLE must be one of {', '.join(Role)}, not {text!r}") from error
