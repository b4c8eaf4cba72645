"""Routes of alerts."""

from __future__ import annotations

from typing import Any, Literal, cast

from django.db.models import Prefetch
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts import services
from alerts.api import requests
from alerts.judging import preview
from alerts.models import AlertChannel, AlertDelivery, AlertEvent, AlertRule
from runicorn.api.responses import alerts as responses
from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.pools import blocking, remote_io

ERRORS = (400, 404)
LOOKUPS = {
    "run_id": "run_id",
    "rule_id": "rule_id",
    "since": "at__gte",
    "acknowledged": "acknowledged",
}
"""Filters of events by the parameters of their route."""


# A change is synced to disk, and the name of a host may be looked up.
@blocking
class ChannelListView(APIView):
    """The channels."""

    @endpoint(scope=Scope.ADMIN, returns=list[responses.AlertChannel], operation_id="v2_alerts_channels_list")
    def get(self, request: Request) -> Response:
        """List the channels by id."""
        return Response([channel_answer(row) for row in AlertChannel.objects.order_by("pk")])

    @endpoint(
        scope=Scope.ADMIN, body=requests.ChannelBody, returns={201: responses.AlertChannel}, errors=(400,)
    )
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Create a channel."""
        with requests.alert_errors():
            return Response(channel_answer(services.save_channel(body)), status=201)


@blocking
class ChannelView(APIView):
    """One channel."""

    @endpoint(scope=Scope.ADMIN, returns=responses.AlertChannel, errors=ERRORS)
    def get(self, request: Request, key: int) -> Response:
        """Get a channel."""
        return Response(channel_answer(services.channel(key)))

    @endpoint(scope=Scope.ADMIN, body=requests.ChannelChange, returns=responses.AlertChannel, errors=ERRORS)
    def patch(self, request: Request, key: int, body: dict[str, Any]) -> Response:
        """Change the given fields of a channel."""
        with requests.alert_errors():
            return Response(channel_answer(services.save_channel(body, key)))

    @endpoint(scope=Scope.ADMIN, returns=responses.DeletedAlertItem, errors=ERRORS)
    def delete(self, request: Request, key: int) -> Response:
        """Delete a channel, and remove it from the rules."""
        services.delete("channels", key)
        return Response(responses.DeletedAlertItem(ok=True))


@remote_io
@route("POST", scope=Scope.ADMIN, returns=responses.AlertChannelTest, errors=ERRORS, request=None)
def channel_test_view(request: Request, key: int) -> Response:
    """Send a test message to a channel now, and wait for the result."""
    from alerts.delivery import sending

    detail = sending.test(services.channel(key))
    return Response(responses.AlertChannelTest(ok=detail is None, detail=detail))


@blocking
class RuleListView(APIView):
    """The rules."""

    @endpoint(scope=Scope.READ, returns=list[responses.AlertRule], operation_id="v2_alerts_rules_list")
    def get(self, request: Request) -> Response:
        """List the rules by id."""
        return Response([rule_answer(row) for row in services.rules("pk")])

    @endpoint(scope=Scope.CURATE, body=requests.RuleBody, returns={201: responses.AlertRule}, errors=(400,))
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Create a rule. It judges what happens from now on."""
        with requests.alert_errors():
            return Response(rule_answer(services.save_rule(body)), status=201)


@blocking
class RuleView(APIView):
    """One rule."""

    @endpoint(scope=Scope.READ, returns=responses.AlertRule, errors=ERRORS)
    def get(self, request: Request, key: int) -> Response:
        """Get a rule."""
        return Response(rule_answer(services.rule(key)))

    @endpoint(scope=Scope.CURATE, body=requests.RuleChange, returns=responses.AlertRule, errors=ERRORS)
    def patch(self, request: Request, key: int, body: dict[str, Any]) -> Response:
        """Change the given fields of a rule."""
        with requests.alert_errors():
            return Response(rule_answer(services.save_rule(body, key)))

    @endpoint(scope=Scope.CURATE, returns=responses.DeletedAlertItem, errors=ERRORS)
    def delete(self, request: Request, key: int) -> Response:
        """Delete a rule; its events are kept."""
        services.delete("rules", key)
        return Response(responses.DeletedAlertItem(ok=True))


@blocking
@route(
    "POST",
    scope=Scope.READ,
    recorded=False,
    body=requests.RulePreview,
    returns=responses.AlertPreview,
    errors=(400,),
)
def rule_preview_view(request: Request, body: dict[str, Any]) -> Response:
    """Judge past runs by a rule without saving it: at most 100 events, within two seconds."""
    with requests.alert_errors():
        return Response(preview.preview(services.condition(body), body.get("where", "")))


@route("GET", scope=Scope.READ, query=requests.EventQuery, returns=responses.AlertEvents, errors=(400,))
def event_list_view(request: Request, query: dict[str, Any]) -> Response:
    """List events, newest first."""
    filters = {lookup: query[name] for name, lookup in LOOKUPS.items() if query.get(name) is not None}
    rows = listed_events().filter(**filters)[: query["limit"]]
    return Response(responses.AlertEvents(events=[event_answer(row) for row in rows]))


@route("POST", scope=Scope.CURATE, body=requests.Acknowledge, returns=responses.Acknowledged, errors=(400,))
def acknowledge_view(request: Request, body: dict[str, Any]) -> Response:
    """Mark events as seen. Unknown ids are ignored."""
    return Response(responses.Acknowledged(acknowledged=services.acknowledge(body["ids"])))


def listed_events() -> Any:
    """Return the query of events of the active root, newest first, with their deliveries."""
    deliveries = Prefetch("deliveries", AlertDelivery.objects.order_by("channel_id"))
    return services.events().prefetch_related(deliveries).order_by("-at", "-pk")


def channel_answer(row: AlertChannel) -> responses.AlertChannel:
    """Return a channel without its address."""
    return {
        "id": row.pk,
        "name": row.name,
        "kind": row.kind,
        "enabled": row.enabled,
        "last_error": row.last_error,
    }


def rule_answer(row: AlertRule) -> responses.AlertRule:
    """Return a rule; its `channels` are ids."""
    return {
        "id": row.pk,
        "name": row.name,
        "when": cast(responses.AlertWhen, row.when),
        "where": row.where,
        "channels": row.channels,
        "enabled": row.enabled,
        "created_at": row.created_at,
        "last_fired_at": row.last_fired_at,
    }


def event_answer(row: AlertEvent) -> responses.AlertEvent:
    """Return an event with the state of its messages."""
    return {
        "id": row.pk,
        "rule_id": row.rule_id,
        "run_id": row.run_id or None,
        "kind": cast(Literal["fired", "recovered"], row.kind),
        "at": row.at,
        "sentence": row.sentence,
        "value": row.value,
        "acknowledged": row.acknowledged,
        "deliveries": [
            {"channel_id": delivery.channel_id, "status": cast(Any, delivery.status), "tries": delivery.tries}
            for delivery in row.deliveries.all()
        ],
        "title": row.title,
        "level": cast(responses.Level, row.level),
        "metric": row.subject if row.run_id and row.subject else None,
    }
