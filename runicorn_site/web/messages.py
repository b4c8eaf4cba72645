"""Translation of service messages on pages; the API shows them in English."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext
from rest_framework.exceptions import APIException

from runicorn.message import Message


def translated(text: str) -> str:
    """Return a message in the language of the page. Of its values only messages are translated: others are data."""
    if not isinstance(text, Message):
        return gettext(str(text)) if text else ""
    values = {
        name: translated(value) if isinstance(value, Message) else value
        for name, value in text.values.items()
    }
    translation = gettext(text.template) if text.template else ""
    return translation.format(**values) if values else translation


def sentence_of(error: APIException) -> str:
    return translated(getattr(error, "sentence", "") or str(error.detail))


def first_error(form: forms.Form) -> str:
    return str(next(iter(form.errors.values()))[0])
