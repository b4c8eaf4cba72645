"""Bulk actions on versions in the admin site; each calls a service for each version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from rest_framework.exceptions import APIException

from artifacts.errors import NotFound
from artifacts.models import Version
from artifacts.services import curation, maintenance, stages
from runicorn_site.web.messages import sentence_of
from runicorn_site.web.templatetags.ui import size

MOST_SHOWN = 20
"""Errors that are reported one by one."""
MOST_REMOVED = 100
"""Versions that can be permanently deleted at once."""


class WithWords(ActionForm):
    """The selected action and its arguments."""

    stage = forms.ChoiceField(
        choices=[("", "-"), *((stage, stage) for stage in stages.STAGES)],
        required=False,
        label=gettext_lazy("Stage:"),
    )
    words = forms.CharField(required=False, label=gettext_lazy("Alias or tags:"), max_length=1000)


class VersionActions(admin.ModelAdmin):  # type: ignore[type-arg]
    action_form = WithWords
    actions = (
        "promote",
        "set_alias",
        "remove_alias",
        "add_tags",
        "remove_tags",
        "delete_softly",
        "restore",
        "verify",
        "delete_for_good",
    )

    @admin.action(description=gettext_lazy("Promote to stage"), permissions=["change"])
    def promote(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Move the selected versions to the selected stage."""
        stage = request.POST.get("stage", "")
        if not stage:
            self.message_user(request, _("Choose a stage."), messages.WARNING)
            return
        self._apply_to_each(
            request,
            queryset,
            lambda version: stages.promote(
                version=version, to_stage=stage, notes=None, evaluator_run_id=None
            ),
            _("promoted to {stage}").format(stage=stage),
        )

    @admin.action(description=gettext_lazy("Set alias"), permissions=["change"])
    def set_alias(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Set an alias to the selected version of each artifact."""
        artifacts = list(queryset.values_list("artifact", flat=True))
        if len(artifacts) != len(set(artifacts)):
            text = _("An alias points to one version. Select one version per artifact.")
            self.message_user(request, text, messages.WARNING)
        elif words := self._words(request):
            self._apply_to_each(
                request,
                queryset,
                lambda v: curation.set_alias(artifact=v.artifact, alias=words, number=v.number),
                _("given the alias {alias}").format(alias=words),
            )

    @admin.action(description=gettext_lazy("Remove alias"), permissions=["change"])
    def remove_alias(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        if words := self._words(request):
            message = _("removed from the alias {alias}").format(alias=words)
            self._apply_to_each(request, queryset, lambda version: _without_alias(version, words), message)

    @admin.action(description=gettext_lazy("Add tags"), permissions=["change"])
    def add_tags(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Add tags, separated by commas, to the chosen versions."""
        if tags := _tags(self._words(request)):
            self._apply_to_each(
                request, queryset, lambda v: curation.change_tags(version=v, add=tags), _("tagged")
            )

    @admin.action(description=gettext_lazy("Remove tags"), permissions=["change"])
    def remove_tags(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Remove tags, separated by commas, from the selected versions."""
        if tags := _tags(self._words(request)):
            self._apply_to_each(
                request, queryset, lambda v: curation.change_tags(version=v, remove=tags), _("untagged")
            )

    @admin.action(description=gettext_lazy("Move to recycle bin"), permissions=["change"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Move the selected versions to the recycle bin."""
        self._apply_to_each(request, queryset, lambda v: curation.soft_delete(version=v), _("deleted"))

    @admin.action(description=gettext_lazy("Restore from recycle bin"), permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Restore the selected versions from the recycle bin."""
        self._apply_to_each(request, queryset, lambda v: curation.restore(version=v), _("restored"))

    @admin.action(description=gettext_lazy("Verify contents"), permissions=["change"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Verify the selected versions and report damaged files."""

        def verify_one(version: Version) -> None:
            verdict = maintenance.verify_version(version=version)
            if verdict.damaged:
                text = _("Damaged in {version}: {paths}")
                text = text.format(version=version, paths=_few(list(verdict.damaged)))
                self.message_user(request, text, messages.ERROR)
            if verdict.repaired:
                text = _("Repaired in {version}: {paths}")
                text = text.format(version=version, paths=_few(verdict.repaired))
                self.message_user(request, text, messages.INFO)

        self._apply_to_each(request, queryset, verify_one, _("verified"))

    @admin.action(description=gettext_lazy("Delete permanently…"), permissions=["change"])
    def delete_for_good(self, request: HttpRequest, queryset: QuerySet[Version]) -> HttpResponseBase | None:
        """Show how much deleting the selected versions frees, and delete them once confirmed."""
        versions = list(queryset[: MOST_REMOVED + 1])
        if len(versions) > MOST_REMOVED:
            text = _("Select at most {limit} versions.").format(limit=MOST_REMOVED)
            self.message_user(request, text, messages.WARNING)
            return None
        if request.POST.get("confirmed") == "yes":
            freed: list[int] = []
            self._apply_to_each(
                request,
                queryset,
                lambda v: freed.append(curation.delete_for_good(version=v)),
                _("permanently deleted"),
            )
            text = _("{size} ({bytes} bytes) freed.")
            self.message_user(request, text.format(size=size(sum(freed)), bytes=f"{sum(freed):,}"))
            return None
        try:
            frees = maintenance.freed_by(versions=versions)
        except APIException as error:
            self.message_user(request, sentence_of(error), messages.ERROR)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Delete versions permanently"),
            "opts": self.opts,
            "versions": versions,
            "frees": frees,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "artifacts/admin_delete.html", context)

    def _words(self, request: HttpRequest) -> str:
        """Return the text beside the action; warn if it is missing."""
        words = request.POST.get("words", "").strip()
        if not words:
            self.message_user(request, _("Enter the alias or the tags next to the action."), messages.WARNING)
        return words

    def _apply_to_each(
        self, request: HttpRequest, queryset: QuerySet[Version], service: Callable[[Version], Any], done: str
    ) -> None:
        """Call a service for each version, and report the successes and the errors."""
        count, refused = 0, []
        for version in list(queryset):
            try:
                service(version)
                count += 1
            except APIException as error:
                text = _("{version} was not changed: {reason}")
                refused.append(text.format(version=version, reason=sentence_of(error)))
        level = messages.WARNING if refused else messages.SUCCESS
        total = count + len(refused)
        text = ngettext("{count} of {total} version {done}.", "{count} of {total} versions {done}.", total)
        self.message_user(request, text.format(count=count, total=total, done=done), level)
        for sentence in refused[:MOST_SHOWN]:
            self.message_user(request, sentence, messages.WARNING)


def _without_alias(version: Version, alias: str) -> None:
    if version.artifact.aliases.get(alias) != version.number:
        raise NotFound("Alias not found: {alias} for {version}", alias=alias, version=version)
    curation.remove_alias(artifact=version.artifact, alias=alias)


def _tags(words: str) -> list[str]:
    return [tag for tag in (part.strip() for part in words.split(",")) if tag]


def _few(paths: Sequence[str]) -> str:
    return ", ".join(paths[:MOST_SHOWN]) + (" …" if len(paths) > MOST_SHOWN else "")
