"""Open and close episodes: an event and its deliveries, each exactly once.

The unique column `AlertEvent.episode` decides which of several viewers has found it. Set `deliveries.wake` after the
transaction in which one of these functions returned True.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from django.db import IntegrityError
from django.db.models import Count, Q

from alerts.identities import OFF, identity, identity_of_alert, name
from alerts.judging.rule_set import Compiled
from alerts.judging.viewer_presence import ViewerPresence
from alerts.kinds.base import ConditionChange
from alerts.models import AlertChannel, AlertDelivery, AlertEvent, AlertRule
from metrics.ingest.parse import ScriptAlert
from runicorn_site.web.durable import changing
from runs.models import Run

BATCH = 500
TOGETHER = 100
"""Maximum number of episodes per transaction, which blocks other writers."""
STORM, STORM_SECONDS = 20, 600.0
"""More events of one rule and run in that time are delivered together, at every whole `FOLD_SECONDS`."""
FOLD_SECONDS = 300.0
FIRED, RECOVERED = "fired", "recovered"


def open_rules(
    rules: Sequence[Compiled], root: str, run_ids: Sequence[str], subject: str
) -> dict[str, dict[int, Compiled]]:
    """Return the rules that are open, by the id of the run ("" for none) and their own key."""
    by_key = {rule.row.pk: rule for rule in rules}
    is_open = AlertEvent.objects.filter(root=root, subject=subject, rule__isnull=False).exclude(episode=None)
    rules_by_run: dict[str, dict[int, Compiled]] = {}
    for start in range(0, len(run_ids), BATCH):
        open_events = is_open.filter(run_id__in=run_ids[start : start + BATCH])
        for rule, run_id in open_events.values_list("rule_id", "run_id"):
            if rule in by_key:
                rules_by_run.setdefault(run_id, {})[rule] = by_key[rule]
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
    for part in _parts(begun, presence):
        try:
            has_news |= _store(part, presence)
        except IntegrityError:
            # Another viewer has just found one of them, where transactions run side by side.
            for episode, outcome in part.items():
                with suppress(IntegrityError):
                    has_news |= _store({episode: outcome}, presence)
    return has_news


@changing()
def _store(begun: Mapping[str, EpisodeChange], presence: ViewerPresence) -> bool:
    identities = {
        episode: identity(episode, FIRED, outcome.change.at, outcome.change.details)
        for episode, outcome in begun.items()
    }
    of_these = AlertEvent.objects.filter(
        Q(episode__in=list(begun)) | Q(identity__in=list(identities.values()))
    )
    existing = {value for pair in of_these.values_list("episode", "identity") for value in pair}
    new = {
        episode: outcome
        for episode, outcome in begun.items()
        if not {episode, identities[episode]} & existing
    }
    if not new:
        return False
    events = AlertEvent.objects.bulk_create(
        [
            AlertEvent(
                episode=episode,
                identity=identities[episode],
                rule=outcome.rule.row,
                **_where(presence, outcome.run),
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
    for part in _parts(over, presence):
        has_news |= _close(part, presence)
    return has_news


@changing()
def _close(over: Mapping[str, EpisodeChange], presence: ViewerPresence) -> bool:
    identities = {
        episode: identity(episode, RECOVERED, outcome.change.at, outcome.change.details)
        for episode, outcome in over.items()
    }
    # An index that is made again judges ends of earlier episodes again.
    existing_identities = set(
        AlertEvent.objects.filter(identity__in=list(identities.values())).values_list("identity", flat=True)
    )
    # Locked where transactions run side by side: one of several viewers closes an episode.
    fired = list(
        AlertEvent.objects.select_for_update().filter(
            episode__in=[episode for episode, key in identities.items() if key not in existing_identities]
        )
    )
    endings = [over[str(event.episode)] for event in fired]
    names = [str(event.episode) for event in fired]
    AlertEvent.objects.filter(pk__in=[event.pk for event in fired]).update(episode=None)
    events = AlertEvent.objects.bulk_create(
        [
            AlertEvent(
                identity=identities[episode],
                rule=event.rule.row,
                **_where(presence, event.run),
                title=event.rule.row.name,
                level="info",
                kind=RECOVERED,
                subject=event.subject,
                acknowledged=True,
                **_what(event.change, presence),
            )
            for episode, event in zip(names, endings, strict=True)
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


def _parts(outcomes: Sequence[EpisodeChange], presence: ViewerPresence) -> Iterator[dict[str, EpisodeChange]]:
    """Yield the parts that are stored in one transaction, by the names of their episodes."""
    for start in range(0, len(outcomes), TOGETHER):
        yield {
            name(outcome.rule.row.pk, **_where(presence, outcome.run), subject=outcome.subject): outcome
            for outcome in outcomes[start : start + TOGETHER]
        }


def _where(presence: ViewerPresence, run: Run | None) -> dict[str, str]:
    return {"root": run.root.path if run else presence.root, "run_id": run.run_id if run else ""}


@changing()
def record_script_alerts(run: Run, alerts: Sequence[ScriptAlert], presence: ViewerPresence) -> bool:
    """Record alerts that a script raised; reading the journal again does not repeat them. Return whether one is new."""
    new = {
        identity_of_alert(run.root.path, run.run_id, alert.at, alert.title, alert.text, alert.level): alert
        for alert in alerts
    }
    names = list(new)
    for start in range(0, len(names), BATCH):
        existing = AlertEvent.objects.filter(identity__in=names[start : start + BATCH])
        for digest in existing.values_list("identity", flat=True):
            del new[digest]
    now = time.time()
    events = [
        AlertEvent(
            identity=key,
            **_where(presence, run),
            title=alert.title,
            level=alert.level,
            kind=FIRED,
            at=alert.at,
            stored_at=now,
            text=f"{alert.title}: {alert.text}" if alert.text else alert.title,
        )
        for key, alert in new.items()
    ]
    rows = AlertEvent.objects.bulk_create(events, batch_size=BATCH)
    enabled = _enabled()
    _deliver([(event, enabled) for event in rows if presence.is_current(run, event.at)])
    return bool(rows)


def _what(change: ConditionChange, presence: ViewerPresence) -> Any:
    details = dict(change.details)
    if presence.was_off(change.at):
        details[OFF] = time.strftime("%H:%M", time.localtime(change.at))
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
        in_storm = (event.rule_id, event.root, event.run_id) in storms
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


def _storms(new: Sequence[AlertEvent]) -> set[tuple[int | None, str, str]]:
    """Return the rules and runs of new events that have had many events already."""
    if not new:
        return set()
    since = min(event.stored_at for event in new) - STORM_SECONDS
    earlier = AlertEvent.objects.filter(pk__lt=min(event.pk for event in new), stored_at__gt=since)
    counts = (
        earlier.filter(run_id__in={event.run_id for event in new})
        .values_list("rule_id", "root", "run_id")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return {(rule, root, run) for rule, root, run, count in counts if count >= STORM}
