"""Actions on several versions in the admin site; each calls a service for each version."""

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
from rest_framework.exceptions import APIException

from artifacts.errors import NotFound
from artifacts.models import Version
from artifacts.services import curation, maintenance, stages
from runicorn_site.web.templatetags.ui import size

MOST_TOLD = 20
"""Errors that are reported one by one."""
MOST_REMOVED = 100
"""Versions that are deleted for good at once."""


class WithWords(ActionForm):
    """The selected action and its arguments."""

    stage = forms.ChoiceField(
        choices=[("", "-"), *((stage, stage) for stage in stages.STAGES)], required=False, label="Stage:"
    )
    words = forms.CharField(required=False, label="Alias or tags:", max_length=1000)


class VersionActions(admin.ModelAdmin):  # type: ignore[type-arg]
    """The actions of the list of versions."""

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

    @admin.action(description="Promote to the stage", permissions=["change"])
    def promote(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Move the selected versions to the selected stage."""
        stage = request.POST.get("stage", "")
        if not stage:
            self.message_user(request, "Choose the stage to promote to.", messages.WARNING)
            return
        self._each(
            request,
            queryset,
            lambda version: stages.promote(
                version=version, to_stage=stage, notes=None, evaluator_run_id=None
            ),
            f"promoted to {stage}",
        )

    @admin.action(description="Set the alias", permissions=["change"])
    def set_alias(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Set an alias to the selected version of each artifact."""
        artifacts = list(queryset.values_list("artifact", flat=True))
        if len(artifacts) != len(set(artifacts)):
            self.message_user(
                request, "An alias means one version: choose one of each artifact.", messages.WARNING
            )
        elif words := self._words(request):
            self._each(
                request,
                queryset,
                lambda v: curation.set_alias(artifact=v.artifact, alias=words, number=v.number),
                f"got the alias {words}",
            )

    @admin.action(description="Remove the alias", permissions=["change"])
    def remove_alias(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Remove an alias from the selected versions that have it."""
        if words := self._words(request):
            self._each(
                request, queryset, lambda version: _without_alias(version, words), f"lost the alias {words}"
            )

    @admin.action(description="Add the tags", permissions=["change"])
    def add_tags(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Add tags, separated by commas, to the chosen versions."""
        if tags := _tags(self._words(request)):
            self._each(request, queryset, lambda v: curation.change_tags(version=v, add=tags), "got the tags")

    @admin.action(description="Remove the tags", permissions=["change"])
    def remove_tags(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Remove tags, separated by commas, from the selected versions."""
        if tags := _tags(self._words(request)):
            self._each(
                request, queryset, lambda v: curation.change_tags(version=v, remove=tags), "lost the tags"
            )

    @admin.action(description="Move to the recycle bin", permissions=["change"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Move the selected versions to the recycle bin."""
        self._each(request, queryset, lambda v: curation.soft_delete(version=v), "deleted")

    @admin.action(description="Restore from the recycle bin", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Restore the selected versions from the recycle bin."""
        self._each(request, queryset, lambda v: curation.restore(version=v), "restored")

    @admin.action(description="Verify every byte", permissions=["change"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Verify the selected versions and report damaged files."""

        def verify_one(version: Version) -> None:
            verdict = maintenance.verify_version(version=version)
            if verdict.damaged:
                text = f"Corrupted in {version}: {_few(list(verdict.damaged))}"
                self.message_user(request, text, messages.ERROR)
            if verdict.repaired:
                self.message_user(request, f"Repaired in {version}: {_few(verdict.repaired)}", messages.INFO)

        self._each(request, queryset, verify_one, "verified")

    @admin.action(description="Delete for good…", permissions=["change"])
    def delete_for_good(self, request: HttpRequest, queryset: QuerySet[Version]) -> HttpResponseBase | None:
        """Show how much deleting the selected versions frees, and delete them once confirmed."""
        versions = list(queryset[: MOST_REMOVED + 1])
        if len(versions) > MOST_REMOVED:
            text = f"Choose at most {MOST_REMOVED} versions to delete for good."
            self.message_user(request, text, messages.WARNING)
            return None
        if request.POST.get("confirmed") == "yes":
            freed: list[int] = []
            self._each(
                request,
                queryset,
                lambda v: freed.append(curation.delete_for_good(version=v)),
                "deleted for good",
            )
            self.message_user(request, f"{size(sum(freed))} ({sum(freed):,} bytes) were freed.")
            return None
        try:
            frees = maintenance.freed_by(versions=versions)
        except APIException as error:
            self.message_user(request, str(error.detail), messages.ERROR)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Delete versions for good",
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
            self.message_user(request, "Write the alias or the tags beside the action.", messages.WARNING)
        return words

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Version], service: Callable[[Version], Any], done: str
    ) -> None:
        """Call a service for each version, and report the successes and the errors."""
        count, refused = 0, []
        for version in list(queryset):
            try:
                service(version)
                count += 1
            except APIException as error:
                refused.append(f"No change to {version}: {error.detail}")
        level = messages.WARNING if refused else messages.SUCCESS
        self.message_user(request, f"{count} of {count + len(refused)} versions {done}.", level)
        for sentence in refused[:MOST_TOLD]:
            self.message_user(request, sentence, messages.WARNING)


def _without_alias(version: Version, alias: str) -> None:
    """Remove an alias of this version.

    Raises:
        NotFound: it does not.
    """
    if version.artifact.aliases.get(alias) != version.number:
        raise NotFound(f"Alias not found: {alias} for {version}")
    curation.remove_alias(artifact=version.artifact, alias=alias)


def _tags(words: str) -> list[str]:
    return [tag for tag in (part.strip() for part in words.split(",")) if tag]


def _few(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - MOST_TOLD} more" if len(paths) > MOST_TOLD else ""
    return ", ".join(paths[:MOST_TOLD]) + more
