"""Tables of alerts: rules, channels, events and deliveries, which are durable, and the state of judging in the index.

Events name their run, whose row may be made again. Times are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_noop

from runs.models import Run, StorageRoot

BATCH = 500
OFF = gettext_noop(" (at %(off)s, while the viewer was off)")


class AlertChannel(models.Model):
    """A place to which messages are sent. Its address and secret are encrypted."""

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=64)
    """`webhook`, or the scheme of an apprise URL."""
    url = models.TextField()
    secret = models.TextField(default="")
    enabled = models.BooleanField(default=True)
    created_at = models.FloatField()
    last_error = models.CharField(max_length=500, null=True)

    def __str__(self) -> str:
        return self.name


class AlertRule(models.Model):
    """A condition on runs or metrics, and the channels that are told when it begins and ceases to hold."""

    name = models.CharField(max_length=200)
    when: models.JSONField[Any, Any] = models.JSONField()
    """See `alerts.kinds.base.When`."""
    where = models.TextField(default="")
    channels: models.JSONField[Any, Any] = models.JSONField(default=list)
    enabled = models.BooleanField(default=True)
    created_at = models.FloatField()
    changed_at = models.FloatField()
    last_fired_at = models.FloatField(null=True)

    def __str__(self) -> str:
        return self.name


class AlertEvent(models.Model):
    """A rule that fired or recovered, or an alert that a script raised (no rule)."""

    rule = models.ForeignKey(AlertRule, null=True, on_delete=models.SET_NULL, related_name="events")
    root = models.CharField(max_length=4096)
    """Path of the storage root."""
    run_id = models.CharField(max_length=255, default="")
    """Empty for the disk of the store."""
    title = models.CharField(max_length=200)
    """Name of the rule, or title of the alert."""
    level = models.CharField(max_length=8, default="warn")
    kind = models.CharField(max_length=16)
    """`fired` or `recovered`."""
    subject = models.CharField(max_length=255, default="")
    """The metric, if there is one."""
    at = models.FloatField()
    stored_at = models.FloatField()
    text = models.TextField()
    """English sentence with places for `details`."""
    details: models.JSONField[Any, Any] = models.JSONField(default=dict)
    value = models.FloatField(null=True)
    acknowledged = models.BooleanField(default=False)
    episode = models.CharField(max_length=300, null=True, unique=True)
    """Names an open episode: a second event of the same is refused. None once it is over."""
    identity = models.CharField(max_length=64, unique=True)
    """Digest of what happened: points that are judged again, by a new index, repeat nothing."""

    class Meta:
        indexes = [
            models.Index(
                fields=["-id"], name="event_unseen", condition=models.Q(acknowledged=False, kind="fired")
            ),
            models.Index(fields=["root", "run_id"], name="event_of_run"),
        ]

    def __str__(self) -> str:
        return self.sentence

    @cached_property
    def run(self) -> Run | None:
        """The run, if the index has it; `with_runs` reads those of many events."""
        return Run.objects.filter(root__path=self.root, run_id=self.run_id).select_related("root").first()

    @property
    def sentence(self) -> str:
        """The sentence in English, for messages and the API."""
        return self._sentence(str)

    @property
    def translated(self) -> str:
        """The sentence in the language of the page."""
        return self._sentence(gettext)

    def _sentence(self, translate: Callable[[str], str]) -> str:
        if not self.details:
            return str(self.text)
        off = translate(OFF) if "off" in self.details else ""
        details = dict(self.details)
        if "state" in details:
            details["state"] = translate(details["state"])
        sentence: str = (translate(self.text) + off) % details
        return sentence


def with_runs(events: Iterable[AlertEvent]) -> list[AlertEvent]:
    """Read the runs of events by few queries."""
    rows = list(events)
    ids = sorted({(row.root, row.run_id) for row in rows if row.run_id})
    runs: dict[tuple[str, str], Run] = {}
    for root, pairs in groupby(ids, key=itemgetter(0)):
        names = [run_id for _, run_id in pairs]
        for start in range(0, len(names), BATCH):
            part = Run.objects.filter(root__path=root, run_id__in=names[start : start + BATCH])
            runs |= {(root, run.run_id): run for run in part.select_related("root")}
    for row in rows:
        row.run = runs.get((row.root, row.run_id))
    return rows


class AlertDelivery(models.Model):
    PENDING, SENT, FAILED = "pending", "sent", "failed"

    event = models.ForeignKey(AlertEvent, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(AlertChannel, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=8, default=PENDING)
    tries = models.IntegerField(default=0)
    due_at = models.FloatField()
    claim = models.CharField(max_length=64, default="")
    """The sender that has it now."""
    claimed_until = models.FloatField(default=0.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "channel"], name="once_per_channel")]
        indexes = [
            models.Index(
                fields=["channel", "due_at"], name="delivery_due", condition=models.Q(status="pending")
            )
        ]

    def __str__(self) -> str:
        return f"event {self.event_id} to channel {self.channel_id}: {self.status}"


class AlertMemory(models.Model):
    """State of the rules for a run between two batches of points. Advances in the transaction that stores them."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="alert_memory")
    generation = models.IntegerField(default=0)
    judged = models.FloatField(default=0.0)
    """Time of the newest judged point: a replaced journal is judged only from there on."""
    content = models.TextField(default="{}")

    class Meta:
        db_table = "metrics_alertmemory"

    def __str__(self) -> str:
        return f"alerts of run {self.run_id}"


class AlertWatch(models.Model):
    """Times at which viewers watched a storage root."""

    root = models.OneToOneField(StorageRoot, on_delete=models.CASCADE, related_name="alert_watch")
    since = models.FloatField()
    """What happened earlier sends no message: it is from before this database."""
    alive_at = models.FloatField()
    off_from = models.FloatField(default=0.0)
    """Beginning and end of the last time without a viewer."""
    off_until = models.FloatField(default=0.0)

    class Meta:
        db_table = "metrics_alertwatch"

    def __str__(self) -> str:
        return f"watch of {self.root_id}"
