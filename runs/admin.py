"""Runs in the admin site: people put tags and descriptions right there, through the same verbs as everywhere."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from runicorn.api.responses.runs import RunResult
from runs.active_root import active_root
from runs.models import Run
from runs.query.matches import Matches
from runs.query.selectivity import search_text
from runs.services.curation import edit_run
from runs.services.recycle_bin import restore_runs, soft_delete_runs
from runs.services.write_through import count_successes


class CurationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What is derived from a store can be looked at, and a few fields changed; nothing is added or deleted here."""

    editable: tuple[str, ...] = ()
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: things come from the storage root."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: rows come back as long as their folders are there. The recycle bin is an action."""
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """First what can be changed, then all the rest."""
        names = [field.name for field in self.model._meta.concrete_fields]
        return [*self.editable, *(name for name in names if name not in self.editable)]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Everything but what a verb can change."""
        return [name for name in self.get_fields(request, obj) if name not in self.editable]

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        """Hand what was changed to the verb; the row follows the file."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name in self.editable}
        self.apply(self.model._default_manager.get(pk=obj.pk), changes)

    def apply(self, obj: Any, changes: dict[str, Any]) -> None:
        """Call the verb with what was changed."""
        raise NotImplementedError


class InRecycleBin(admin.SimpleListFilter):
    """Whether something was deleted and can be restored."""

    title = "recycle bin"
    parameter_name = "bin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices beside all."""
        return [("no", "Not in it"), ("yes", "In it")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What was chosen."""
        chosen = self.value()
        return queryset if chosen is None else queryset.filter(deleted__isnull=chosen != "yes")


class TagsField(forms.CharField):
    """A list of tags, one in a line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        """A list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """Lines as a list."""
        lines = (line.strip() for line in (value or "").splitlines())
        return list(dict.fromkeys(line[:255] for line in lines if line))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the list is another one."""
        return bool(self.clean(data) != (initial or []))


class RunForm(forms.ModelForm):
    """What can be said of a run."""

    tags = TagsField(required=False, help_text="One per line.")

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
        "status",
        "best_metric_value",
        "pinned",
        "archived",
        "in_bin",
    )
    list_filter = ("status", "pinned", "archived", InRecycleBin)
    search_fields = ("search",)
    ordering = ("-created", "-id")
    actions = ("delete_softly", "restore")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """The runs of the root that this viewer shows."""
        return Run.objects.in_root(active_root()).select_related("root")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        """The same search as on the page."""
        matches = search_text(Matches(active_root(), queryset), search_term)
        return matches.runs, False

    def apply(self, obj: Run, changes: dict[str, Any]) -> None:
        """Write what was changed into the run's folder."""
        edit_run(run=obj, **changes)

    @admin.display(boolean=True, description="deleted")
    def in_bin(self, run: Run) -> bool:
        """Whether it is in the recycle bin."""
        return run.deleted is not None

    @admin.action(description="Move to the recycle bin", permissions=["change"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Put the chosen runs into the recycle bin."""
        run_ids = list(queryset.values_list("run_id", flat=True))
        self._tell(request, soft_delete_runs(root=active_root(), run_ids=run_ids), "deleted")

    @admin.action(description="Restore from the recycle bin", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Take the chosen runs out of the recycle bin."""
        run_ids = list(queryset.values_list("run_id", flat=True))
        self._tell(request, restore_runs(root=active_root(), run_ids=run_ids), "restored")

    def _tell(self, request: HttpRequest, results: dict[str, RunResult], done: str) -> None:
        self.message_user(
            request, f"{count_successes(results)} of {len(results)} runs {done}.", messages.SUCCESS
        )
        for run_id, result in results.items():
            if not result["success"]:
                self.message_user(request, f"{run_id}: {result['error']}", messages.WARNING)
