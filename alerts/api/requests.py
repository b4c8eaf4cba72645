"""Request serializers of the routes of alerts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework import serializers

from alerts.errors import InvalidAlert
from alerts.kinds import KINDS
from runicorn.alerts.evaluation import OPERATORS
from runicorn_site.web.serializers import Body, Edit, Query
from runs.api.requests_v2 import Finite, Moment

MOST_EVENTS = 1000
KIND = "One of " + ", ".join(f"`{name}`" for name in KINDS) + "."
METRIC = "A metric; `*` and `?` stand for any characters. For `nan` all metrics by default."
POINTS = "Consecutive points (`threshold`), values of the window (`spike`), or steps without improvement (`plateau`)."
VALUE = "The threshold; percent for `gpu_idle` and `samples`, gigabytes for `disk`."
URL = (
    "`https://…` or `json+webhook://…` for the signed webhook, else an address of apprise, such as"
    " `slack://…` or `mailto://…`. Encrypted, and never in a response."
)
SECRET = "Key of the signature of a webhook. Encrypted, and never in a response; blank for none."


class ConditionBody(Body):
    """The condition of a rule."""

    kind = serializers.CharField(max_length=20, help_text=KIND)
    states = serializers.ListField(
        child=serializers.CharField(max_length=20), required=False, max_length=10, help_text="For `state`."
    )
    metric = serializers.CharField(required=False, max_length=255, help_text=METRIC)
    op = serializers.CharField(required=False, max_length=2, help_text="One of " + " ".join(OPERATORS))
    value = Finite(required=False, help_text=VALUE)
    points = serializers.IntegerField(required=False, min_value=1, max_value=10**9, help_text=POINTS)
    minutes = Finite(required=False, help_text="Minutes without improvement, steps, or work.")
    samples = serializers.CharField(
        required=False, max_length=2000, help_text="Condition over samples, such as `truncated`."
    )
    z = Finite(required=False, help_text="Standard deviations, for `spike`; 5 by default.")


class RuleBody(Body):
    """A rule."""

    name = serializers.CharField(max_length=200)
    when = ConditionBody()
    where = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, help_text="Condition that chooses runs."
    )
    channels = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=100, help_text="Ids."
    )
    enabled = serializers.BooleanField(required=False)


class RuleChange(RuleBody, Edit):
    """Fields of a rule to change."""

    name = serializers.CharField(required=False, max_length=200)
    when = ConditionBody(required=False)


class RulePreview(Body):
    """A rule that is not saved."""

    when = ConditionBody()
    where = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class ChannelBody(Body):
    """A channel."""

    name = serializers.CharField(max_length=200)
    url = serializers.CharField(max_length=4000, write_only=True, help_text=URL)
    secret = serializers.CharField(
        required=False, allow_blank=True, max_length=1000, write_only=True, help_text=SECRET
    )
    enabled = serializers.BooleanField(required=False)


class ChannelChange(ChannelBody, Edit):
    """Fields of a channel to change."""

    name = serializers.CharField(required=False, max_length=200)
    url = serializers.CharField(required=False, max_length=4000, write_only=True, help_text=URL)


class EventQuery(Query):
    """Filters of events."""

    run_id = serializers.CharField(required=False, max_length=255)
    rule_id = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    since = Moment(required=False, help_text="Events at or after this time.")
    acknowledged = serializers.BooleanField(
        required=False, allow_null=True, help_text="By default all events."
    )
    limit = serializers.IntegerField(min_value=1, max_value=MOST_EVENTS, default=100)


class Acknowledge(Body):
    """Events that were seen."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), max_length=10_000
    )


@contextmanager
def alert_errors() -> Iterator[None]:
    """Answer an invalid rule or channel with 400."""
    try:
        yield
    except InvalidAlert as error:
        sentence = str(error) if error.inner else error.sentence
        raise serializers.ValidationError({error.field: [sentence]}) from error
