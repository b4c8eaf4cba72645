"""Open and close episodes: an event and its deliveries, each exactly once.

The unique column `AlertEvent.episode` decides which of several viewers has found it. Set `deliveries.wake` after the
transaction in which one of these functions returned True.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Count

from alerts.judging.rule_set import Compiled
from alerts.judging.viewer_presence import ViewerPresence
from alerts.kinds.base import ConditionChange
from alerts.models import AlertChannel, AlertDelivery, AlertEvent, AlertRule
from metrics.ingest.parse import ScriptAlert
from runs.models import Run

BATCH = 500
TOGETHER = 100
"""Maximum number of episodes per transaction, which blocks other writers."""
STORM, STORM_SECONDS = 20, 600.0
"""More events of one rule and run in that time are delivered together, at every whole `FOLD_SECONDS`."""
FOLD_SECONDS = 300.0
FIRED, RECOVERED = "fired", "recovered"


def name(rule: Compiled, run: Run | None, subject: str) -> str:
    return f"{rule.row.pk}:{run.pk if run else 0}:{subject}"


def open_rules(
    rules: Sequence[Compiled], runs: Sequence[Run | None], subject: str
) -> dict[int, dict[int, Compiled]]:
    """Return the rules that are open, by the key of the run (0 for none) and their own."""
    by_key = {rule.row.pk: rule for rule in rules}
    is_open = AlertEvent.objects.filter(subject=subject, rule__isnull=False).exclude(episode=None)
    rules_by_run: dict[int, dict[int, Compiled]] = {}
    for start in range(0, len(runs), BATCH):
        keys = [run.pk for run in runs[start : start + BATCH] if run is not None]
        open_events = is_open.filter(run__in=keys) if keys else is_open.filter(run=None)
        for rule, run in open_events.values_list("rule_id", "run_id"):
            if rule in by_key:
                rules_by_run.setdefault(run or 0, {})[rule] = by_key[rule]
    return rules_by_run


class EpisodeChange(NamedTuple):
    """Start or end of an episode."""

    rule: Compiled
    run: Run | None
    subject: str
    change: ConditionChange


def fire(
    rule: Compiled, run: Run | None, subject: str, change: ConditionChange, presence: ViewerPresence
) -> bool:
    """Record that a rule fired, unless this episode is open; return whether it was recorded."""
    return fire_all([EpisodeChange(rule, run, subject, change)], presence)


def fire_all(begun: Sequence[EpisodeChange], presence: ViewerPresence) -> bool:
    """Record rules that fired, except open episodes; return whether one was recorded."""
    has_news = False
    for part in _parts(begun):
        try:
            has_news |= _store(part, presence)
        except IntegrityError:
            # Another viewer has just found one of them, where transactions run side by side.
            for episode, outcome in part.items():
                with suppress(IntegrityError):
                    has_news |= _store({episode: outcome}, presence)
    return has_news


@transaction.atomic
def _store(begun: Mapping[str, EpisodeChange], presence: ViewerPresence) -> bool:
    existing = set(AlertEvent.objects.filter(episode__in=list(begun)).values_list("episode", flat=True))
    new = {episode: outcome for episode, outcome in begun.items() if episode not in existing}
    if not new:
        return False
    events = AlertEvent.objects.bulk_create(
        [
            AlertEvent(
                episode=episode,
                rule=outcome.rule.row,
                run=outcome.run,
                title=outcome.rule.row.name,
                level="error" if outcome.rule.kind.name == "state" else "warn",
                kind=FIRED,
                subject=outcome.subject,
                **_what(outcome.change, presence),
            )
            for episode, outcome in new.items()
        ]
    )
    enabled = _enabled()
    _deliver(
        [
            (event, enabled & {*outcome.rule.row.channels})
            for event, outcome in zip(events, new.values(), strict=True)
            if presence.is_current(outcome.run, outcome.change.at)
        ]
    )
    for key in {outcome.rule.row.pk for outcome in new.values()}:
        at = max(outcome.change.at for outcome in new.values() if outcome.rule.row.pk == key)
        AlertRule.objects.filter(pk=key).update(last_fired_at=at)
    return True


def recover(
    rule: Compiled, run: Run | None, subject: str, change: ConditionChange, presence: ViewerPresence
) -> bool:
    """Record the end of an episode, if it is open, and notify the same channels as at its start."""
    return recover_all([EpisodeChange(rule, run, subject, change)], presence)


def recover_all(over: Sequence[EpisodeChange], presence: ViewerPresence) -> bool:
    """Record which episodes are over, except those that are not open; return whether one was recorded."""
    has_news = False
    for part in _parts(over):
        has_news |= _close(part, presence)
    return has_news


@transaction.atomic
def _close(over: Mapping[str, EpisodeChange], presence: ViewerPresence) -> bool:
    # Locked where transactions run side by side: one of several viewers closes an episode.
    fired = list(AlertEvent.objects.select_for_update().filter(episode__in=list(over)))
    endings = [over[str(event.episode)] for event in fired]
    AlertEvent.objects.filter(pk__in=[event.pk for event in fired]).update(episode=None)
    events = AlertEvent.objects.bulk_create(
        [
            AlertEvent(
                rule=event.rule.row,
                run=event.run,
                title=event.rule.row.name,
                level="info",
                kind=RECOVERED,
                subject=event.subject,
                acknowledged=True,
                **_what(event.change, presence),
            )
            for event in endings
        ]
    )
    channels_by_event: dict[int, set[int]] = defaultdict(set)
    for event, channel in AlertDelivery.objects.filter(event__in=fired).values_list("event_id", "channel_id"):
        channels_by_event[event].add(channel)
    enabled = _enabled()
    _deliver(
        [(event, channels_by_event[ending.pk] & enabled) for event, ending in zip(events, fired, strict=True)]
    )
    return bool(fired)


def _parts(outcomes: Sequence[EpisodeChange]) -> Iterator[dict[str, EpisodeChange]]:
    """Yield the parts that are stored in one transaction, by the names of their episodes."""
    for start in range(0, len(outcomes), TOGETHER):
        yield {
            name(outcome.rule, outcome.run, outcome.subject): outcome
            for outcome in outcomes[start : start + TOGETHER]
        }


@transaction.atomic
def raised(run: Run, alerts: Sequence[ScriptAlert], presence: ViewerPresence) -> bool:
    """Record alerts that a script raised; reading the journal again does not repeat them. Return whether one is new."""
    alerts_by_episode = {_episode_of(run, alert): alert for alert in alerts}
    names = list(alerts_by_episode)
    for start in range(0, len(names), BATCH):
        existing = AlertEvent.objects.filter(episode__in=names[start : start + BATCH])
        for event in existing.only("episode"):
            alerts_by_episode.pop(event.episode or "", None)
    now = time.time()
    events = [
        AlertEvent(
            episode=episode,
            run=run,
            title=alert.title,
            level=alert.level,
            kind=FIRED,
            at=alert.at,
            stored_at=now,
            text=f"{alert.title}: {alert.text}" if alert.text else alert.title,
        )
        for episode, alert in alerts_by_episode.items()
    ]
    stored = AlertEvent.objects.bulk_create(events, batch_size=BATCH)
    enabled = _enabled()
    _deliver([(event, enabled) for event in stored if presence.is_current(run, event.at)])
    return bool(stored)


def _episode_of(run: Run, alert: ScriptAlert) -> str:
    content = repr((alert.at, alert.title, alert.text, alert.level))
    return f"run:{run.pk}:{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def _what(change: ConditionChange, presence: ViewerPresence) -> Any:
    details = dict(change.details)
    if presence.was_off(change.at):
        details["off"] = time.strftime("%H:%M", time.localtime(change.at))
    return {
        "at": change.at,
        "stored_at": time.time(),
        "text": change.text,
        "details": details,
        "value": change.value,
    }


def _enabled() -> set[int]:
    return set(AlertChannel.objects.filter(enabled=True).values_list("pk", flat=True))


def _deliver(pairs: Sequence[tuple[AlertEvent, set[int]]]) -> None:
    storms = _storms([event for event, _ in pairs])

    def due_at(event: AlertEvent) -> float:
        in_storm = (event.rule_id, event.run_id) in storms
        return (event.stored_at // FOLD_SECONDS + 1) * FOLD_SECONDS if in_storm else event.stored_at

    AlertDelivery.objects.bulk_create(
        [
            AlertDelivery(event=event, channel_id=channel, due_at=due_at(event))
            for event, channels in pairs
            for channel in sorted(channels)
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )


def _storms(new: Sequence[AlertEvent]) -> set[tuple[int | None, int | None]]:
    """Return the rules and runs of new events that have had many events already."""
    if not new:
        return set()
    since = min(event.stored_at for event in new) - STORM_SECONDS
    earlier = AlertEvent.objects.filter(pk__lt=min(event.pk for event in new), stored_at__gt=since)
    counts = (
        earlier.filter(run__in={event.run_id for event in new})
        .values_list("rule_id", "run_id")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return {(rule, run) for rule, run, count in counts if count >= STORM}
