"""Pages of one rule and of one channel."""

from __future__ import annotations

import time
from typing import Any, TypedDict

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from alerts import services
from alerts.errors import AlertItemNotFound, AlertsUnavailable, InvalidAlert
from alerts.judging.preview import preview
from alerts.kinds import KINDS
from alerts.models import AlertChannel, AlertRule
from alerts.pages.forms import CONDITION, ChannelForm, RuleForm, initial_of
from alerts.pages.templates import BY_KEY
from runicorn.api.responses.alerts import AlertForecast, AlertPreview
from runicorn.store.state import OF_THE_SERVER
from runicorn_site.web.access import Scope, access
from runicorn_site.web.messages import sentence_of, translated
from runicorn_site.web.pools import blocking, remote_io
from runs.active_root import active_root
from runs.models import Run
from runs.pages.table.picker import metric_order
from runs.query.keys import metric_keys

METHODS = ["GET", "HEAD", "POST"]
LISTED = 10
OFFERED = 300
"""Names of metrics that the field offers at most, since each is part of the page."""
MONTH_SECONDS = 30 * 86_400.0


@access(Scope.CURATE)
@blocking
@require_http_methods(METHODS)
def rule_page(request: HttpRequest, key: int | None = None) -> HttpResponse:
    """Show, preview, save and delete a rule."""
    rule = None if key is None else _rule(key)
    if request.method != "POST":
        return _show_rule(request, rule, RuleForm(initial=_initial(request, rule)))
    if "delete" in request.POST and key is not None:
        services.delete("rules", key)
        return redirect("alerts")
    form = RuleForm(request.POST)
    forecast = None
    if form.is_valid():
        try:
            if "preview" in request.POST:
                rule_fields = form.fields_to_save()
                forecast = preview(
                    services.condition(rule_fields), form.cleaned_data["where"], translated=True
                )
            else:
                services.save_rule(form.fields_to_save(), key)
                return redirect(f"{reverse('alerts')}#rules-title")
        except InvalidAlert as error:
            form.refuse(error)
        except AlertsUnavailable as error:
            form.add_error(None, sentence_of(error))
    return _show_rule(request, rule, form, forecast)


@access(Scope.ADMIN)
@remote_io
@require_http_methods(METHODS)
def channel_page(request: HttpRequest, key: int | None = None) -> HttpResponse:
    """Show, save, test and delete a channel."""
    channel = None if key is None else _channel(key)
    if request.method != "POST":
        initial = {"name": channel.name, "enabled": channel.enabled} if channel else {"enabled": True}
        return _show_channel(request, channel, ChannelForm(initial=initial))
    if "delete" in request.POST and key is not None:
        services.delete("channels", key)
        return redirect("alerts")
    form = ChannelForm(request.POST)
    if form.is_valid():
        try:
            saved_channel = services.save_channel(form.fields_to_save(key is None), key)
            if "test" not in request.POST:
                return redirect(f"{reverse('alerts')}#channels-title")
            from alerts.delivery import sending

            failure = sending.test(saved_channel)
            result = translated(failure) if failure else gettext("The test message was sent.")
            return _show_channel(request, _channel(saved_channel.pk), form, result, failure is not None)
        except InvalidAlert as error:
            form.refuse(error)
        except AlertsUnavailable as error:
            form.add_error(None, sentence_of(error))
    return _show_channel(request, channel, form)


def _rule(key: int) -> AlertRule:
    try:
        return services.rule(key)
    except AlertItemNotFound as error:
        raise Http404 from error


def _channel(key: int) -> AlertChannel:
    try:
        return services.channel(key)
    except AlertItemNotFound as error:
        raise Http404 from error


def _initial(request: HttpRequest, rule: AlertRule | None) -> Any:
    """Return the values of the form: of the rule, else of a template and of the address."""
    if rule is not None:
        return initial_of(rule)
    template = BY_KEY.get(request.GET.get("template", ""))
    channels = AlertChannel.objects.filter(enabled=True).values_list("pk", flat=True)
    initial = {"enabled": True, "channels": [str(key) for key in channels], "kind": "state"}
    if template is not None:
        initial |= {"name": str(template.label), **template.initial}
    prefilled = {
        name: request.GET[name] for name in (*CONDITION, "kind", "where", "name") if name in request.GET
    }
    if "states" in prefilled:
        prefilled["states"] = request.GET.getlist("states")  # type: ignore[assignment]
    return initial | prefilled


def _show_rule(
    request: HttpRequest, rule: AlertRule | None, form: RuleForm, forecast: AlertPreview | None = None
) -> HttpResponse:
    fields = {name: kind.fields for name, kind in KINDS.items()}
    context: dict[str, object] = {"rule": rule, "form": form, "fields": fields, "forecast": forecast}
    context["metrics"] = sorted(metric_keys(active_root(), ""), key=metric_order)[:OFFERED]
    if forecast:
        context.update(_summary(form, forecast))
    return render(request, "alerts/rule.html", context, status=400 if form.errors else 200)


class Summary(TypedDict):
    """Counts of alerts in the last month and before, and the newest events."""

    recent: int
    count_text: str
    earlier: int
    passing: bool
    listed: list[tuple[str, AlertForecast]]
    """Names of runs, and the events."""
    unlisted: int


def _summary(form: RuleForm, forecast: AlertPreview) -> Summary:
    events = forecast["events"]
    runs = Run.objects.in_root(active_root()).filter(
        run_id__in=[event["run_id"] for event in events[:LISTED]]
    )
    names = {run.run_id: run.label for run in runs.only("run_id", "name", "display_name")}
    recent = sum(event["at"] >= time.time() - MONTH_SECONDS for event in events)
    more = "+" if forecast["truncated"] and recent == len(events) else ""
    return {
        "recent": recent,
        "count_text": f"{recent}{more}",
        "earlier": len(events) - recent,
        "passing": form.cleaned_data["kind"] == "state"
        and bool(set(form.cleaned_data["states"]) & {*OF_THE_SERVER}),
        "listed": [(names.get(event["run_id"], event["run_id"]), event) for event in events[:LISTED]],
        "unlisted": len(events[LISTED:]),
    }


def _show_channel(
    request: HttpRequest,
    channel: AlertChannel | None,
    form: ChannelForm,
    result: str = "",
    failed: bool = False,
) -> HttpResponse:
    context = {"channel": channel, "form": form, "result": result, "failed": failed}
    return render(request, "alerts/channel.html", context, status=400 if form.errors else 200)
