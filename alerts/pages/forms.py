"""Forms of rules and channels."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alerts.errors import InvalidAlert
from alerts.kinds import KINDS
from alerts.models import AlertChannel, AlertRule
from runicorn.alerts.evaluation import OPERATORS
from runicorn.json_value import JsonObject
from runicorn.store.state import STATES
from runicorn_site.web.messages import translated
from runicorn_site.web.templatetags.ui import status_label

KIND_LABELS = {
    "state": _("a run enters a state"),
    "nan": _("a metric is NaN or infinite"),
    "threshold": _("a metric crosses a value"),
    "spike": _("a metric spikes"),
    "plateau": _("a metric stops improving"),
    "no_step": _("no step is logged"),
    "gpu_idle": _("the GPUs are idle"),
    "disk": _("the disk is nearly full"),
    "samples": _("samples fulfil a condition"),
}
CONDITION = ("states", "metric", "op", "value", "points", "minutes", "z", "samples")


class RuleForm(forms.Form):
    """A rule; the fields of other kinds than the chosen one are ignored."""

    name = forms.CharField(max_length=200, required=False)
    kind = forms.ChoiceField(choices=[(name, KIND_LABELS[name]) for name in KINDS], initial="state")
    states = forms.MultipleChoiceField(required=False)
    metric = forms.CharField(max_length=255, required=False)
    op = forms.ChoiceField(choices=[("", ""), *((op, op) for op in OPERATORS)], required=False)
    value = forms.FloatField(required=False)
    points = forms.IntegerField(required=False)
    minutes = forms.FloatField(required=False)
    z = forms.FloatField(required=False)
    samples = forms.CharField(max_length=2000, required=False)
    where = forms.CharField(max_length=2000, required=False)
    channels = forms.MultipleChoiceField(required=False)
    enabled = forms.BooleanField(required=False)

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["states"].choices = [(state, status_label(state)) for state in STATES]  # type: ignore[attr-defined]
        rows = AlertChannel.objects.order_by("pk")
        self.fields["channels"].choices = [(str(row.pk), row.name) for row in rows]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Require the fields of the chosen kind."""
        kind = KINDS.get(self.cleaned_data.get("kind", ""))
        if kind is None:
            return
        missing = {name for name in kind.fields if self.cleaned_data.get(name) in (None, "", [])}
        for name in missing.intersection(kind.required).difference(self.errors):
            self.add_error(name, self.fields[name].error_messages["required"])
        if kind.either and missing.issuperset(kind.either) and not self.errors.keys() & kind.either:
            self.add_error(kind.either[0], _("Steps or minutes are required."))

    def condition(self) -> JsonObject:
        """Return the condition, without the fields of other kinds."""
        values = self.cleaned_data
        fields = KINDS[values["kind"]].fields
        return {"kind": values["kind"]} | {name: values[name] for name in CONDITION if name in fields}

    def fields_to_save(self) -> JsonObject:
        values = self.cleaned_data
        name = values["name"].strip() or str(KIND_LABELS[values["kind"]])
        return {
            "name": name[:1].upper() + name[1:],
            "when": self.condition(),
            "where": values["where"],
            "channels": [int(key) for key in values["channels"]],
            "enabled": values["enabled"],
        }

    def refuse(self, error: InvalidAlert) -> None:
        """Show an error of a service beside its field."""
        field = error.inner or error.field
        self.add_error(field if field in self.fields else None, capfirst(translated(error.sentence)))


class ChannelForm(forms.Form):
    """A channel. Address and secret are not shown again; blank keeps them."""

    name = forms.CharField(max_length=200)
    url = forms.CharField(max_length=4000, required=False)
    secret = forms.CharField(max_length=1000, required=False, strip=False)
    enabled = forms.BooleanField(required=False)

    def fields_to_save(self, is_new: bool) -> JsonObject:
        """Return the fields of a channel that were entered."""
        values = {name: self.cleaned_data[name] for name in self.fields}
        return {name: value for name, value in values.items() if value != "" or (name == "url" and is_new)}

    def refuse(self, error: InvalidAlert) -> None:
        """Show an error of a service beside its field."""
        self.add_error(error.field if error.field in self.fields else None, translated(error.sentence))


def initial_of(rule: AlertRule) -> JsonObject:
    return {
        **rule.when,
        "name": rule.name,
        "where": rule.where,
        "channels": [str(key) for key in rule.channels],
        "enabled": rule.enabled,
    }
