"""Forms of the pages of artifacts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypedDict, cast

from django import forms
from django.utils.translation import gettext as _

from artifacts.api.requests import NOTES_LENGTH
from runicorn.json_value import JsonObject


class Changes(TypedDict, total=False):
    """Arguments of `curation.describe`."""

    description: str
    tags: list[str]
    metadata: Mapping[str, Any]


class AliasForm(forms.Form):
    alias = forms.CharField(required=False)
    version = forms.CharField(required=False)
    remove = forms.BooleanField(required=False)

    def clean(self) -> None:
        """Convert the version, written with or without its v, to a number."""
        text = self.cleaned_data.get("version", "")
        number = re.fullmatch(r"v?([0-9]{1,9})", text)
        if number is None and not self.cleaned_data["remove"]:
            raise forms.ValidationError(_("Enter a version like v2, not “{text}”.").format(text=text[:40]))
        self.cleaned_data["version"] = int(number[1]) if number else None


class DescriptionForm(forms.Form):
    """Description, tags or metadata of a version; fields that were not sent stay as they are."""

    description = forms.CharField(required=False)
    tags = forms.CharField(required=False)
    metadata = forms.CharField(required=False)

    def clean_description(self) -> str:
        """Convert the line ends that browsers send."""
        text: str = self.cleaned_data["description"]
        return text.replace("\r\n", "\n")

    def clean_tags(self) -> list[str]:
        lines: list[str] = self.cleaned_data["tags"].splitlines()
        return list(dict.fromkeys(tag.strip() for tag in lines if tag.strip()))

    def clean_metadata(self) -> JsonObject:
        try:
            metadata = json.loads(self.cleaned_data["metadata"] or "{}")
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("Invalid JSON: {error}.").format(error=error)) from error
        if not isinstance(metadata, dict):
            raise forms.ValidationError(_("Metadata must be a JSON object: {…}."))
        return metadata

    def changes(self) -> Changes:
        """Return the values of the fields that were sent."""
        return cast(Changes, {name: self.cleaned_data[name] for name in self.fields if name in self.data})


class PromotionForm(forms.Form):
    """Move a version to another stage."""

    to_stage = forms.CharField(required=False)
    notes = forms.CharField(required=False)

    def clean_notes(self) -> str | None:
        return self.cleaned_data["notes"][:NOTES_LENGTH] or None
