"""What the pages of artifacts change, by forms; all of it goes through the verbs in `artifacts.services`."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from artifacts import services
from artifacts.api.requests import NOTES_LENGTH
from artifacts.errors import NotFound, Refused
from artifacts.models import Version
from artifacts.pages.artifact import artifact_context
from artifacts.pages.version import version_context
from runicorn_site.web.pools import blocking


@blocking
@require_POST
def change_alias(request: HttpRequest, type: str, name: str) -> HttpResponse:
    """Let `alias` mean `version`, or nothing any more where `remove` is sent; why it cannot is told on the page."""
    artifact = services.get_artifact(name, type)
    alias = request.POST.get("alias", "").strip()
    try:
        if request.POST.get("remove"):
            services.remove_alias(artifact=artifact, alias=alias)
        else:
            services.set_alias(artifact=artifact, alias=alias, number=_number(request.POST))
    except (Refused, NotFound) as error:
        told = {"refused": str(error.detail), "typed": request.POST.dict()}
        context = artifact_context(artifact, QueryDict()) | told
        return render(request, "artifacts/artifact.html", context, status=error.status_code)
    return redirect(f"{reverse('artifact', args=[type, name])}#aliases")


def _number(form: QueryDict) -> int:
    """The version that a form names, with or without its v.

    Raises:
        Refused: it names none.
    """
    text = form.get("version", "").strip()
    digits = text.removeprefix("v")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise Refused(f"A version number like v2 is needed, not {text[:40]!r}.")
    return int(digits)


@blocking
@require_POST
def describe_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Replace what is said of a version; what cannot be is told on the page, with what was typed."""
    version = services.get_version(name, number, type)
    try:
        services.describe(version=version, **_said(request.POST))
    except Refused as error:
        return _refused(request, version, error)
    return _back(version)


def _said(form: QueryDict) -> dict[str, object]:
    """The fields of a form as `services.describe` takes them.

    Raises:
        Refused: the metadata are no JSON object.
    """
    said: dict[str, object] = {}
    if "description" in form:
        said["description"] = form["description"].replace("\r\n", "\n").strip()
    if "tags" in form:
        said["tags"] = list(dict.fromkeys(tag.strip() for tag in form["tags"].splitlines() if tag.strip()))
    if "metadata" in form:
        try:
            said["metadata"] = json.loads(form["metadata"].strip() or "{}")
        except (ValueError, RecursionError) as error:
            raise Refused(f"The metadata must be JSON: {error}.") from error
        if not isinstance(said["metadata"], dict):
            raise Refused("The metadata must be a JSON object: {…}.")
    return said


@blocking
@require_POST
def promote_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Take a version to the stage `to_stage`; why it cannot go there is told on the page."""
    version = services.get_version(name, number, type)
    try:
        services.promote(
            version=version,
            to_stage=request.POST.get("to_stage", ""),
            notes=request.POST.get("notes", "").strip()[:NOTES_LENGTH] or None,
            evaluator_run_id=None,
        )
    except Refused as error:
        return _refused(request, services.get_version(name, number, type), error)
    return _back(version)


@blocking
@require_POST
def delete_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Put a version into the recycle bin; its page offers to take it back."""
    return _back(services.soft_delete(version=services.get_version(name, number, type)))


@blocking
@require_POST
def restore_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Take a version back out of the recycle bin."""
    return _back(services.restore(version=services.get_version(name, number, type)))


@blocking
@require_POST
def verify_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Read every byte of a version; its page says what was found."""
    version = services.get_version(name, number, type)
    services.verify(version=version)
    return _back(version)


@blocking
@require_POST
def remove_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Remove a version in the recycle bin for good, once the box that confirms it is ticked."""
    version = services.get_version(name, number, type)
    if version.deleted is None or request.POST.get("confirm") != "true":
        return _back(version)
    freed = services.delete_for_good(version=version)
    return redirect(f"{reverse('artifact', args=[type, name])}?{urlencode({'gone': number, 'freed': freed})}")


def _refused(request: HttpRequest, version: Version, error: Refused) -> HttpResponse:
    """The page of a version with what was typed, and why that cannot be."""
    typed = {"refused": str(error.detail), "typed": request.POST.dict()}
    return render(
        request, "artifacts/version.html", version_context(version, QueryDict()) | typed, status=400
    )


def _back(version: Version) -> HttpResponse:
    return redirect("artifact-version", version.artifact.type, version.artifact.name, version.number)


# Reading every byte, taking in what changed, or removing thousands of files, takes as long as the disk does.
