"""Forms of pages."""

from __future__ import annotations

from django import forms


def first_error(form: forms.Form) -> str:
    return str(next(iter(form.errors.values()))[0])
