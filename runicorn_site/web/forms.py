"""Forms of pages."""

from __future__ import annotations

from django import forms


def first_error(form: forms.Form) -> str:
    """Return the first message of an invalid form."""
    return str(next(iter(form.errors.values()))[0])
