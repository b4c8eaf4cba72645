"""Views that change artifacts, by forms."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypedDict, cast
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from artifacts.api.requests import NOTES_LENGTH
from artifacts.errors import InvalidValue, NotFound
from artifacts.models import Version
from artifacts.pages.artifact import show_artifact
from artifacts.pages.version import show_version
from artifacts.services import curation, lookup, maintenance, stages
from runicorn.json_value import JsonObject
from runicorn_site.web.access import Scope, access
from runicorn_site.web.messages import first_error, sentence_of
from runicorn_site.web.pools import blocking


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


@access(Scope.CURATE)
@blocking
@require_POST
def change_alias(request: HttpRequest, type: str, name: str) -> HttpResponse:
    """Set `alias` to `version`, or remove it; an error is shown on the page with the input."""
    artifact = lookup.get_artifact(name, type)
    form = AliasForm(request.POST)
    try:
        if not form.is_valid():
            raise InvalidValue(first_error(form))
        alias = form.cleaned_data["alias"]
        if form.cleaned_data["remove"]:
            curation.remove_alias(artifact=artifact, alias=alias)
        else:
            curation.set_alias(artifact=artifact, alias=alias, number=form.cleaned_data["version"])
    except (InvalidValue, NotFound) as error:
        answer = {"error": sentence_of(error), "entered": request.POST.dict()}
        return show_artifact(request, artifact, QueryDict(), status=error.status_code, **answer)
    return redirect(f"{reverse('artifact', args=[type, name])}#aliases")


@access(Scope.CURATE)
@blocking
@require_POST
def describe_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Replace description, tags or metadata; an error is shown on the page with the input."""
    version = lookup.get_version(name, number, type)
    form = DescriptionForm(request.POST)
    try:
        if not form.is_valid():
            raise InvalidValue(first_error(form))
        curation.describe(version=version, **form.changes())
    except InvalidValue as error:
        return show_version(request, version, QueryDict(), sentence_of(error))
    return _back(version)


@access(Scope.CURATE)
@blocking
@require_POST
def promote_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Move a version to the stage `to_stage`; an error is shown on the page."""
    version = lookup.get_version(name, number, type)
    form = PromotionForm(request.POST)
    try:
        if not form.is_valid():
            raise InvalidValue(first_error(form))
        stages.promote(
            version=version,
            to_stage=form.cleaned_data["to_stage"],
            notes=form.cleaned_data["notes"],
            evaluator_run_id=None,
        )
    except InvalidValue as error:
        return show_version(request, lookup.get_version(name, number, type), QueryDict(), sentence_of(error))
    return _back(version)


@access(Scope.CURATE)
@blocking
@require_POST
def delete_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Move a version to the recycle bin."""
    return _back(curation.soft_delete(version=lookup.get_version(name, number, type)))


@access(Scope.CURATE)
@blocking
@require_POST
def restore_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    return _back(curation.restore(version=lookup.get_version(name, number, type)))


@access(Scope.CURATE)
@blocking
@require_POST
def verify_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    version = lookup.get_version(name, number, type)
    maintenance.verify_version(version=version)
    return _back(version)


@access(Scope.ADMIN)
@blocking
@require_POST
def remove_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Delete a version in the recycle bin permanently, if the confirmation is checked."""
    version = lookup.get_version(name, number, type)
    if version.deleted is None or request.POST.get("confirm") != "true":
        return _back(version)
    freed = curation.delete_for_good(version=version)
    return redirect(
        f"{reverse('artifact', args=[type, name])}?{urlencode({'removed': number, 'freed': freed})}"
    )


def _back(version: Version) -> HttpResponse:
    return redirect("artifact-version", version.artifact.type, version.artifact.name, version.number)
