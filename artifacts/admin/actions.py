"""What people do to several versions at once in the admin site; each action calls a verb for each version."""

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

from artifacts import services
from artifacts.errors import NotFound
from artifacts.models import Version
from runicorn_site.web.templatetags.ui import size

MOST_TOLD = 20
"""Refusals that are said one by one."""
MOST_REMOVED = 100
"""Versions that are deleted for good at once."""


class WithWords(ActionForm):
    """The choice of an action, and what some of them need to know."""

    stage = forms.ChoiceField(
        choices=[("", "-"), *((stage, stage) for stage in services.STAGES)], required=False, label="Stage:"
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
        """Take the chosen versions to the stage that was chosen too."""
        stage = request.POST.get("stage", "")
        if not stage:
            self.message_user(request, "Choose the stage to promote to.", messages.WARNING)
            return
        self._each(
            request,
            queryset,
            lambda version: services.promote(
                version=version, to_stage=stage, notes=None, evaluator_run_id=None
            ),
            f"promoted to {stage}",
        )

    @admin.action(description="Set the alias", permissions=["change"])
    def set_alias(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Let an alias mean the chosen version of each artifact."""
        artifacts = list(queryset.values_list("artifact", flat=True))
        if len(artifacts) != len(set(artifacts)):
            self.message_user(
                request, "An alias means one version: choose one of each artifact.", messages.WARNING
            )
        elif words := self._words(request):
            self._each(
                request,
                queryset,
                lambda v: services.set_alias(artifact=v.artifact, alias=words, number=v.number),
                f"got the alias {words}",
            )

    @admin.action(description="Remove the alias", permissions=["change"])
    def remove_alias(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Let an alias mean nothing any more, where it means a chosen version."""
        if words := self._words(request):
            self._each(
                request, queryset, lambda version: _without_alias(version, words), f"lost the alias {words}"
            )

    @admin.action(description="Add the tags", permissions=["change"])
    def add_tags(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Add tags, separated by commas, to the chosen versions."""
        if tags := _tags(self._words(request)):
            self._each(request, queryset, lambda v: services.change_tags(version=v, add=tags), "got the tags")

    @admin.action(description="Remove the tags", permissions=["change"])
    def remove_tags(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Take tags, separated by commas, from the chosen versions."""
        if tags := _tags(self._words(request)):
            self._each(
                request, queryset, lambda v: services.change_tags(version=v, remove=tags), "lost the tags"
            )

    @admin.action(description="Move to the recycle bin", permissions=["change"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Put the chosen versions into the recycle bin."""
        self._each(request, queryset, lambda v: services.soft_delete(version=v), "deleted")

    @admin.action(description="Restore from the recycle bin", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Take the chosen versions out of the recycle bin."""
        self._each(request, queryset, lambda v: services.restore(version=v), "restored")

    @admin.action(description="Verify every byte", permissions=["change"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Read the chosen versions and say which files are not as they were stored."""

        def look(version: Version) -> None:
            verdict = services.verify(version=version)
            if verdict.damaged:
                text = f"Corrupted in {version}: {_few(list(verdict.damaged))}"
                self.message_user(request, text, messages.ERROR)
            if verdict.repaired:
                self.message_user(request, f"Repaired in {version}: {_few(verdict.repaired)}", messages.INFO)

        self._each(request, queryset, look, "verified")

    @admin.action(description="Delete for good…", permissions=["change"])
    def delete_for_good(self, request: HttpRequest, queryset: QuerySet[Version]) -> HttpResponseBase | None:
        """Say what removing the chosen versions frees, and remove them once that is confirmed."""
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
                lambda v: freed.append(services.delete_for_good(version=v)),
                "deleted for good",
            )
            self.message_user(request, f"{size(sum(freed))} ({sum(freed):,} bytes) were freed.")
            return None
        try:
            frees = services.freed_by(versions=versions)
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
        """What was written beside the action; without it that is said."""
        words = request.POST.get("words", "").strip()
        if not words:
            self.message_user(request, "Write the alias or the tags beside the action.", messages.WARNING)
        return words

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Version], verb: Callable[[Version], Any], done: str
    ) -> None:
        """Call a verb for each version, and say how many it was done to, and why not to the others."""
        count, refused = 0, []
        for version in list(queryset):
            try:
                verb(version)
                count += 1
            except APIException as error:
                refused.append(f"No change to {version}: {error.detail}")
        level = messages.WARNING if refused else messages.SUCCESS
        self.message_user(request, f"{count} of {count + len(refused)} versions {done}.", level)
        for sentence in refused[:MOST_TOLD]:
            self.message_user(request, sentence, messages.WARNING)


def _without_alias(version: Version, alias: str) -> None:
    """Remove an alias that means this version.

    Raises:
        NotFound: it does not.
    """
    if version.artifact.aliases.get(alias) != version.number:
        raise NotFound(f"Alias not found: {alias} for {version}")
    services.remove_alias(artifact=version.artifact, alias=alias)


def _tags(words: str) -> list[str]:
    return [tag for tag in (part.strip() for part in words.split(",")) if tag]


def _few(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - MOST_TOLD} more" if len(paths) > MOST_TOLD else ""
    return ", ".join(paths[:MOST_TOLD]) + more
