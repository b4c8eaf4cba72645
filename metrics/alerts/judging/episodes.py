"""Open and close episodes: an event and its deliveries, each exactly once.

The unique column `AlertEvent.episode` decides which of several viewers has found it. Set `deliveries.wake` after the
transaction in which one of these functions returned True.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from metrics.alerts.judging.attention import Attention
from metrics.alerts.judging.rule_set import Compiled
from metrics.alerts.kinds.base import Change
from metrics.alerts.models import AlertChannel, AlertDelivery, AlertEvent, AlertRule
from metrics.ingest.parse import Raised
from runs.models import Run

BATCH = 500
FIRED, RECOVERED = "fired", "recovered"


def name(rule: Compiled, run: Run | None, subject: str) -> str:
    """Return the name of the episode of a rule, a run and a metric."""
    return f"{rule.row.pk}:{run.pk if run else 0}:{subject}"


def open_rules(
    rules: Sequence[Compiled], runs: Sequence[Run | None], subject: str
) -> dict[int, dict[int, Compiled]]:
    """Return the rules that are open, by the key of the run (0 for none) and their own."""
    by_key = {rule.row.pk: rule for rule in rules}
    is_open = AlertEvent.objects.filter(subject=subject, rule__isnull=False).exclude(episode=None)
    found: dict[int, dict[int, Compiled]] = {}
    for start in range(0, len(runs), BATCH):
        keys = [run.pk for run in runs[start : start + BATCH] if run is not None]
        chosen = is_open.filter(run__in=keys) if keys else is_open.filter(run=None)
        for rule, run in chosen.values_list("rule_id", "run_id"):
            if rule in by_key:
                found.setdefault(run or 0, {})[rule] = by_key[rule]
    return found


@transaction.atomic
def fire(rule: Compiled, run: Run | None, subject: str, change: Change, attention: Attention) -> bool:
    """Record that a rule fired, unless this episode is open; return whether it was recorded."""
    level = "error" if rule.kind.name == "state" else "warn"
    event, is_new = AlertEvent.objects.get_or_create(
        episode=name(rule, run, subject),
        defaults={
            "rule": rule.row,
            "run": run,
            "title": rule.row.name,
            "level": level,
            "kind": FIRED,
            "subject": subject,
            **_what(change, attention),
        },
    )
    if is_new:
        AlertRule.objects.filter(pk=rule.row.pk).update(last_fired_at=change.at)
        if attention.is_current(run, change.at):
            _deliver(event, rule.row.channels)
    return is_new


@transaction.atomic
def recover(rule: Compiled, run: Run | None, subject: str, change: Change, attention: Attention) -> bool:
    """Record that an episode is over, if it is open; those who were told are told."""
    fired = AlertEvent.objects.filter(episode=name(rule, run, subject)).first()
    if fired is None or not AlertEvent.objects.filter(pk=fired.pk, episode=fired.episode).update(
        episode=None
    ):
        return False
    event = AlertEvent.objects.create(
        rule=rule.row,
        run=run,
        title=rule.row.name,
        level="info",
        kind=RECOVERED,
        subject=subject,
        acknowledged=True,
        **_what(change, attention),
    )
    _deliver(event, list(fired.deliveries.values_list("channel_id", flat=True)))
    return True


@transaction.atomic
def raised(run: Run, alerts: Sequence[Raised], attention: Attention) -> bool:
    """Record alerts that a script raised; reading the journal again does not repeat them. Return whether one is new."""
    named = {_episode_of(run, one): one for one in alerts}
    names = list(named)
    for start in range(0, len(names), BATCH):
        known = AlertEvent.objects.filter(episode__in=names[start : start + BATCH])
        for event in known.only("episode"):
            named.pop(event.episode or "", None)
    now = time.time()
    events = [
        AlertEvent(
            episode=episode,
            run=run,
            title=one.title,
            level=one.level,
            kind=FIRED,
            at=one.at,
            stored_at=now,
            text=f"{one.title}: {one.text}" if one.text else one.title,
        )
        for episode, one in named.items()
    ]
    stored = AlertEvent.objects.bulk_create(events, batch_size=BATCH)
    channels = AlertChannel.objects.filter(enabled=True).order_by("pk").values_list("pk", flat=True)
    AlertDelivery.objects.bulk_create(
        [
            AlertDelivery(event=event, channel_id=channel, due_at=now)
            for event in stored
            if attention.is_current(run, event.at)
            for channel in channels
        ],
        batch_size=BATCH,
    )
    return bool(stored)


def _episode_of(run: Run, one: Raised) -> str:
    content = repr((one.at, one.title, one.text, one.level))
    return f"run:{run.pk}:{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def _what(change: Change, attention: Attention) -> Any:
    details = dict(change.details)
    if attention.was_off(change.at):
        details["off"] = time.strftime("%H:%M", time.localtime(change.at))
    return {
        "at": change.at,
        "stored_at": time.time(),
        "text": change.text,
        "details": details,
        "value": change.value,
    }


def _deliver(event: AlertEvent, channels: Sequence[int]) -> None:
    enabled = AlertChannel.objects.filter(pk__in=channels, enabled=True).values_list("pk", flat=True)
    AlertDelivery.objects.bulk_create(
        [
            AlertDelivery(event=event, channel_id=channel, due_at=event.stored_at)
            for channel in sorted(enabled)
        ],
        ignore_conflicts=True,
    )
