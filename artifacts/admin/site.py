"""Artifacts in the admin site.

The files are the record: nothing is added here, and changes go through `artifacts.services`.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException

from artifacts.admin.actions import VersionActions
from artifacts.index import discovery
from artifacts.models import Artifact, File, Use, Version
from artifacts.services import curation
from runicorn.artifacts.curation import check_texts
from runicorn.artifacts.errors import InvalidArtifact
from runicorn.json_value import JsonObject
from runicorn_site.web.messages import sentence_of
from runicorn_site.web.pools import blocking
from runicorn_site.web.templatetags.ui import moment, size
from runs.active_root import active_root
from runs.admin import CurationAdmin, InRecycleBin, TagsField, translate_names

MOST = 100
"""Maximum rows of an inline: a version may have a hundred thousand files."""


class LimitedFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The first `MOST` rows of a large table."""

    def get_queryset(self) -> QuerySet[Any]:
        if not hasattr(self, "_queryset"):
            self._queryset = super().get_queryset()[:MOST]
        return self._queryset


class ReadOnly(admin.TabularInline):  # type: ignore[type-arg]
    formset = LimitedFormSet
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class VersionInline(ReadOnly):
    model = Version
    fields = readonly_fields = ("number", "state", "stage", "num_files", "bytes_in_words", "run_id")
    ordering = ("-number",)
    show_change_link = True
    verbose_name_plural = gettext_lazy("newest versions")

    @admin.display(description=gettext_lazy("size"))
    def bytes_in_words(self, version: Version) -> str:
        return size(version.size_bytes)


class FileInline(ReadOnly):
    model = File
    fields = readonly_fields = ("path", "bytes_in_words", "digest")
    ordering = ("path",)
    verbose_name_plural = gettext_lazy("first files")

    @admin.display(description=gettext_lazy("size"))
    def bytes_in_words(self, file: File) -> str:
        return size(file.size)


class Derived(CurationAdmin):
    """Rows derived from folders, refreshed before they are listed."""

    # Verifying and removing take as long as the disk does.
    @blocking
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refresh the rows before they are listed."""
        discovery.refresh_all(active_root())
        return super().changelist_view(request, extra_context)


@admin.register(Artifact)
class ArtifactAdmin(Derived):
    """The artifacts of the active storage root."""

    list_display = ("name", "type", "num_versions", "latest", "bytes_in_words", "aliases_in_words")
    list_filter = ("type",)
    search_fields = ("name",)
    ordering = ("-updated", "-pk")
    inlines = (VersionInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Artifact]:
        """Return the rows of the active root."""
        return Artifact.objects.in_root(active_root()).select_related("root")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: only versions have editable fields."""
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return ["type", "name", "num_versions", "latest", "bytes_in_words", "aliases", "folder", "problems"]

    @admin.display(description=gettext_lazy("size"), ordering="size_bytes")
    def bytes_in_words(self, artifact: Artifact) -> str:
        """Size of its latest version."""
        return size(artifact.size_bytes)

    @admin.display(description=gettext_lazy("aliases"))
    def aliases_in_words(self, artifact: Artifact) -> str:
        return ", ".join(f"{alias} = v{number}" for alias, number in sorted(artifact.aliases.items()))


class VersionForm(forms.ModelForm):  # type: ignore[type-arg]
    """Description, tags and metadata of a version."""

    description = forms.CharField(
        required=False, strip=False, widget=forms.Textarea(attrs={"rows": 4, "cols": 80})
    )
    tags = TagsField(required=False, help_text=gettext_lazy("One per line."))
    metadata = forms.JSONField(
        required=False,
        help_text=gettext_lazy("A JSON object."),
        widget=forms.Textarea(attrs={"rows": 8, "cols": 80}),
    )

    class Meta:
        model = Version
        fields = ("description", "tags", "metadata")

    def clean_metadata(self) -> JsonObject:
        """Reject JSON that is not an object."""
        value = self.cleaned_data["metadata"]
        if value is not None and not isinstance(value, dict):
            raise forms.ValidationError(_("Metadata must be a JSON object: {…}."))
        return value or {}

    def clean(self) -> None:
        """Apply the limits of texts and tags."""
        super().clean()
        try:
            check_texts(self.cleaned_data.get("description"), self.cleaned_data.get("tags"))
        except InvalidArtifact as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Version)
class VersionAdmin(VersionActions, Derived):
    """The versions of all artifacts of the active storage root."""

    form = VersionForm
    editable = ("description", "tags", "metadata")
    list_display = ("__str__", "type", "state", "stage", "bytes_in_words", "num_files", "created_at", "words")
    list_filter = ("artifact__type", "stage", "status", InRecycleBin)
    search_fields = ("artifact__name", "description", "tags", "run_id")
    ordering = ("-created", "-pk")
    inlines = (FileInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        """Return the indexed versions of the active root, deleted ones too."""
        versions = Version.objects.indexed().filter(artifact__root=active_root())
        return versions.select_related("artifact__root")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Return the editable fields, then the others."""
        fixed = [
            "artifact",
            "number",
            "state",
            "stage",
            "aliases",
            "created_at",
            "runs",
            "bytes_in_words",
            "num_files",
        ]
        return [*self.editable, *fixed, "references", "manifest_digest", "curation"]

    def apply(self, obj: Version, changes: dict[str, Any]) -> None:
        """Write the changed fields into the folder of the version."""
        curation.describe(version=obj, **changes)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Render the form of a version again if it could not be written."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except APIException as error:
            self.message_user(request, sentence_of(error), messages.ERROR)
            return redirect(request.path)

    @admin.display(description=gettext_lazy("type"), ordering="artifact__type")
    def type(self, version: Version) -> str:
        return version.artifact.type

    @admin.display(description=gettext_lazy("size"), ordering="size_bytes")
    def bytes_in_words(self, version: Version) -> str:
        return size(version.size_bytes)

    @admin.display(description=gettext_lazy("created"), ordering="created")
    def created_at(self, version: Version) -> str:
        return moment(version.created)

    @admin.display(description=gettext_lazy("tags"))
    def words(self, version: Version) -> str:
        return ", ".join(map(str, version.tags))

    @admin.display(description=gettext_lazy("aliases"))
    def aliases(self, version: Version) -> str:
        return ", ".join(version.artifact.aliases_of(version.number)) or "-"

    @admin.display(description=gettext_lazy("runs"))
    def runs(self, version: Version) -> str:
        artifact = version.artifact
        uses = Use.objects.filter(
            run__root=artifact.root, type=artifact.type, name=artifact.name, number=version.number
        )
        rows = uses.order_by("at", "pk").values_list("kind", "run__run_id")[:MOST]
        lines = ((kind, reverse("run", args=[run_id]), run_id) for kind, run_id in rows)
        return format_html_join(", ", '{} by <a href="{}">{}</a>', lines) or "-"


@admin.register(Use)
class UseAdmin(CurationAdmin):
    """Runs that made or used versions."""

    list_display = ("__str__", "kind", "type", "name", "number", "run")
    list_filter = ("kind", "type")
    search_fields = ("name", "run__run_id")
    ordering = ("-at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Use]:
        """Return the rows of the active root."""
        return Use.objects.filter(run__root=active_root()).select_related("run")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


translate_names(Artifact, Version, File, Use)
