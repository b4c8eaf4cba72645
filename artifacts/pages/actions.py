"""Views that change artifacts, by forms."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from artifacts.errors import NotFound, Refused
from artifacts.models import Version
from artifacts.pages.artifact import artifact_context
from artifacts.pages.forms import AliasForm, DescriptionForm, PromotionForm
from artifacts.pages.version import version_context
from artifacts.services import curation, lookup, maintenance, stages
from runicorn_site.web.forms import first_error
from runicorn_site.web.messages import sentence_of
from runicorn_site.web.pools import blocking


@blocking
@require_POST
def change_alias(request: HttpRequest, type: str, name: str) -> HttpResponse:
    """Set `alias` to `version`, or remove it; an error is shown on the page with the input."""
    artifact = lookup.get_artifact(name, type)
    form = AliasForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(first_error(form))
        alias = form.cleaned_data["alias"]
        if form.cleaned_data["remove"]:
            curation.remove_alias(artifact=artifact, alias=alias)
        else:
            curation.set_alias(artifact=artifact, alias=alias, number=form.cleaned_data["version"])
    except (Refused, NotFound) as error:
        answer = {"error": sentence_of(error), "entered": request.POST.dict()}
        context = artifact_context(artifact, QueryDict()) | answer
        return render(request, "artifacts/artifact.html", context, status=error.status_code)
    return redirect(f"{reverse('artifact', args=[type, name])}#aliases")


@blocking
@require_POST
def describe_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Replace description, tags or metadata; an error is shown on the page with the input."""
    version = lookup.get_version(name, number, type)
    form = DescriptionForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(first_error(form))
        curation.describe(version=version, **form.changes())
    except Refused as error:
        return _refused(request, version, error)
    return _back(version)


@blocking
@require_POST
def promote_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Move a version to the stage `to_stage`; an error is shown on the page."""
    version = lookup.get_version(name, number, type)
    form = PromotionForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(first_error(form))
        stages.promote(
            version=version,
            to_stage=form.cleaned_data["to_stage"],
            notes=form.cleaned_data["notes"],
            evaluator_run_id=None,
        )
    except Refused as error:
        return _refused(request, lookup.get_version(name, number, type), error)
    return _back(version)


@blocking
@require_POST
def delete_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    """Move a version to the recycle bin."""
    return _back(curation.soft_delete(version=lookup.get_version(name, number, type)))


@blocking
@require_POST
def restore_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    return _back(curation.restore(version=lookup.get_version(name, number, type)))


@blocking
@require_POST
def verify_version(request: HttpRequest, type: str, name: str, number: int) -> HttpResponse:
    version = lookup.get_version(name, number, type)
    maintenance.verify_version(version=version)
    return _back(version)


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


def _refused(request: HttpRequest, version: Version, error: Refused) -> HttpResponse:
    """Render the page of a version with the error and the input."""
    context, entered = version_context(version, QueryDict()), request.POST.dict()
    answer = {"error": sentence_of(error), "entered": entered, "values": context["values"] | entered}
    return render(request, "artifacts/version.html", {**context, **answer}, status=400)


def _back(version: Version) -> HttpResponse:
    return redirect("artifact-version", version.artifact.type, version.artifact.name, version.number)
