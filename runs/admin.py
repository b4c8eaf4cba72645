"""Runs in the admin site; edits use the same services as pages and API."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from runicorn.api.responses.runs import RunResult
from runicorn_site.web.templatetags.ui import figure, status_label
from runs.active_root import active_root
from runs.models import Run
from runs.query.matches import Matches
from runs.query.selectivity import search_text
from runs.services.curation import edit_run
from runs.services.recycle_bin import restore_runs, soft_delete_runs
from runs.services.write_through import count_successes


def translate_names(*models: type[Model]) -> None:
    """Translate the names of models and of their fields, which `make messages` extracts from the models.

    Set on the finished models: names in their definitions would be part of the migrations.
    """
    for model in models:
        options = model._meta
        options.verbose_name = gettext_lazy(str(options.verbose_name))
        options.verbose_name_plural = gettext_lazy(str(options.verbose_name_plural))
        for field in options.concrete_fields:
            field.verbose_name = gettext_lazy(str(field.verbose_name))


class CurationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Admin of rows derived from a storage root: a few fields are editable, nothing is added or deleted."""

    editable: tuple[str, ...] = ()
    show_full_result_count = False
    list_per_page = 50

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Render the list under the name of its rows."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # A deleted row would come back from its folder. The recycle bin is an action.
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return the editable fields first, then all others."""
        names = [field.name for field in self.model._meta.concrete_fields]
        return [*self.editable, *(name for name in names if name not in self.editable)]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Return all fields that no service can change."""
        return [name for name in self.get_fields(request, obj) if name not in self.editable]

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool) -> None:
        """Pass the changed fields to `apply`, which writes the file first."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name in self.editable}
        self.apply(self.model._default_manager.get(pk=obj.pk), changes)

    def apply(self, obj: Any, changes: dict[str, Any]) -> None:
        """Call the service that writes the changed fields."""
        raise NotImplementedError


class InRecycleBin(admin.SimpleListFilter):
    title = _("recycle bin")
    parameter_name = "bin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", gettext("Not in it")), ("yes", gettext("In it"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        choice = self.value()
        return queryset if choice is None else queryset.filter(deleted__isnull=choice != "yes")


class StatusFilter(admin.AllValuesFieldListFilter):
    """Filter by status, in the language of the page."""

    def choices(self, changelist: Any) -> Any:
        """Yield the choices with translated labels."""
        for choice in super().choices(changelist):
            yield {**choice, "display": status_label(str(choice["display"]))}


class TagsField(forms.CharField):
    """Tags, one per line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = (line.strip() for line in (value or "").splitlines())
        return list(dict.fromkeys(line[:255] for line in lines if line))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.clean(data) != (initial or []))


class RunForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    tags = TagsField(required=False, help_text=_("One per line."))

    class Meta:
        model = Run
        fields = ("tags", "description", "pinned", "archived")


@admin.register(Run)
class RunAdmin(CurationAdmin):
    """The runs of the active storage root."""

    form = RunForm
    editable = ("tags", "description", "pinned", "archived")
    list_display = (
        "run_id",
        "project",
        "name",
        "shown_status",
        "best",
        "pinned",
        "archived",
        "in_bin",
    )
    list_filter = (("status", StatusFilter), "pinned", "archived", InRecycleBin)
    search_fields = ("search",)
    ordering = ("-created", "-id")
    actions = ("delete_softly", "restore")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Return the runs of the active storage root."""
        return Run.objects.in_root(active_root()).select_related("root")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        """Search as the runs table does."""
        matches = search_text(Matches(active_root(), queryset), search_term)
        return matches.runs, False

    def apply(self, obj: Run, changes: dict[str, Any]) -> None:
        """Write the changed fields into the run's folder."""
        edit_run(run=obj, **changes)

    @admin.display(description=_("status"), ordering="status")
    def shown_status(self, run: Run) -> str:
        return status_label(run.status)

    @admin.display(description=_("best metric value"), ordering="best_metric_value")
    def best(self, run: Run) -> str:
        return figure(run.best_metric_value)

    @admin.display(boolean=True, description=_("deleted"))
    def in_bin(self, run: Run) -> bool:
        return run.deleted is not None

    @admin.action(description=_("Move to the recycle bin"), permissions=["change"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Move the selected runs to the recycle bin."""
        run_ids = list(queryset.values_list("run_id", flat=True))
        self._report(
            request,
            soft_delete_runs(root=active_root(), run_ids=run_ids),
            gettext("{done} of {runs} runs deleted."),
        )

    @admin.action(description=_("Restore from the recycle bin"), permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        run_ids = list(queryset.values_list("run_id", flat=True))
        self._report(
            request,
            restore_runs(root=active_root(), run_ids=run_ids),
            gettext("{done} of {runs} runs restored."),
        )

    def _report(self, request: HttpRequest, results: dict[str, RunResult], text: str) -> None:
        message = text.format(done=count_successes(results), runs=len(results))
        self.message_user(request, message, messages.SUCCESS)
        for run_id, result in results.items():
            if not result["success"]:
                self.message_user(request, f"{run_id}: {result['error']}", messages.WARNING)


translate_names(Run)
