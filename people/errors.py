"""Errors of changes of users."""

from __future__ import annotations


class InvalidChange(ValueError):
    """The change is not possible; the text says why."""


class UnknownUser(LookupError):
    """There is no such user."""
