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

from alerts.judging.attention import Attention
from alerts.judging.rule_set import Compiled
from alerts.kinds.base import Change
from alerts.models import AlertChannel, AlertDelivery, AlertEvent, AlertRule
from metrics.ingest.parse import Raised
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
    found: dict[int, dict[int, Compiled]] = {}
    for start in range(0, len(runs), BATCH):
        keys = [run.pk for run in runs[start : start + BATCH] if run is not None]
        chosen = is_open.filter(run__in=keys) if keys else is_open.filter(run=None)
        for rule, run in chosen.values_list("rule_id", "run_id"):
            if rule in by_key:
                found.setdefault(run or 0, {})[rule] = by_key[rule]
    return found


class Found(NamedTuple):
    """Start or end of an episode."""

    rule: Compiled
    run: Run | None
    subject: str
    change: Change


def fire(rule: Compiled, run: Run | None, subject: str, change: Change, attention: Attention) -> bool:
    """Record that a rule fired, unless this episode is open; return whether it was recorded."""
    return fire_all([Found(rule, run, subject, change)], attention)


def fire_all(begun: Sequence[Found], attention: Attention) -> bool:
    """Record rules that fired, except open episodes; return whether one was recorded."""
    has_news = False
    for part in _parts(begun):
        try:
            has_news |= _store(part, attention)
        except IntegrityError:
            # Another viewer has just found one of them, where transactions run side by side.
            for episode, one in part.items():
                with suppress(IntegrityError):
                    has_news |= _store({episode: one}, attention)
    return has_news


@transaction.atomic
def _store(begun: Mapping[str, Found], attention: Attention) -> bool:
    known = set(AlertEvent.objects.filter(episode__in=list(begun)).values_list("episode", flat=True))
    new = {episode: one for episode, one in begun.items() if episode not in known}
    if not new:
        return False
    events = AlertEvent.objects.bulk_create(
        [
            AlertEvent(
                episode=episode,
                rule=one.rule.row,
                run=one.run,
                title=one.rule.row.name,
                level="error" if one.rule.kind.name == "state" else "warn",
                kind=FIRED,
                subject=one.subject,
                **_what(one.change, attention),
            )
            for episode, one in new.items()
        ]
    )
    enabled = _enabled()
    _deliver(
        [
            (event, enabled & {*one.rule.row.channels})
            for event, one in zip(events, new.values(), strict=True)
            if attention.is_current(one.run, one.change.at)
        ]
    )
    for key in {one.rule.row.pk for one in new.values()}:
        at = max(one.change.at for one in new.values() if one.rule.row.pk == key)
        AlertRule.objects.filter(pk=key).update(last_fired_at=at)
    return True


def recover(rule: Compiled, run: Run | None, subject: str, change: Change, attention: Attention) -> bool:
    """Record the end of an episode, if it is open, and notify the same channels as at its start."""
    return recover_all([Found(rule, run, subject, change)], attention)


def recover_all(over: Sequence[Found], attention: Attention) -> bool:
    """Record which episodes are over, except those that are not open; return whether one was recorded."""
    has_news = False
    for part in _parts(over):
        has_news |= _close(part, attention)
    return has_news


@transaction.atomic
def _close(over: Mapping[str, Found], attention: Attention) -> bool:
    # Locked where transactions run side by side: one of several viewers closes an episode.
    fired = list(AlertEvent.objects.select_for_update().filter(episode__in=list(over)))
    found = [over[str(one.episode)] for one in fired]
    AlertEvent.objects.filter(pk__in=[one.pk for one in fired]).update(episode=None)
    events = AlertEvent.objects.bulk_create(
        [
            AlertEvent(
                rule=one.rule.row,
                run=one.run,
                title=one.rule.row.name,
                level="info",
                kind=RECOVERED,
                subject=one.subject,
                acknowledged=True,
                **_what(one.change, attention),
            )
            for one in found
        ]
    )
    told: dict[int, set[int]] = defaultdict(set)
    for event, channel in AlertDelivery.objects.filter(event__in=fired).values_list("event_id", "channel_id"):
        told[event].add(channel)
    enabled = _enabled()
    _deliver([(event, told[one.pk] & enabled) for event, one in zip(events, fired, strict=True)])
    return bool(fired)


def _parts(found: Sequence[Found]) -> Iterator[dict[str, Found]]:
    """Yield the parts that are stored in one transaction, by the names of their episodes."""
    for start in range(0, len(found), TOGETHER):
        yield {name(one.rule, one.run, one.subject): one for one in found[start : start + TOGETHER]}


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
    enabled = _enabled()
    _deliver([(event, enabled) for event in stored if attention.is_current(run, event.at)])
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
