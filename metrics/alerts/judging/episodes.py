"""Open and close episodes: an event and its deliveries, each exactly once.

The unique column `AlertEvent.episode` decides which of several viewers has found it. Set `deliveries.wake` after the
transaction in which one of these functions returned True.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Count

from metrics.alerts.judging.attention import Attention
from metrics.alerts.judging.rule_set import Compiled
from metrics.alerts.kinds.base import Change
from metrics.alerts.models import AlertChannel, AlertDelivery, AlertEvent, AlertRule
from metrics.ingest.parse import Raised
from runs.models import Run

BATCH = 500
TOGETHER = 100
"""Episodes that begin in one transaction, which others wait for."""
STORM, STORM_SECONDS = 20, 600.0
"""More events of one rule and run in that time are delivered together, at every whole `FOLD_SECONDS`."""
FOLD_SECONDS = 300.0
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


class Begun(NamedTuple):
    """An episode that begins."""

    rule: Compiled
    run: Run | None
    subject: str
    change: Change


def fire(rule: Compiled, run: Run | None, subject: str, change: Change, attention: Attention) -> bool:
    """Record that a rule fired, unless this episode is open; return whether it was recorded."""
    return fire_all([Begun(rule, run, subject, change)], attention)


def fire_all(begun: Sequence[Begun], attention: Attention) -> bool:
    """Record rules that fired, except open episodes; return whether one was recorded."""
    has_news = False
    for start in range(0, len(begun), TOGETHER):
        part = {name(one.rule, one.run, one.subject): one for one in begun[start : start + TOGETHER]}
        try:
            has_news |= _store(part, attention)
        except IntegrityError:
            # Another viewer has just found one of them, where transactions run side by side.
            for episode, one in part.items():
                with suppress(IntegrityError):
                    has_news |= _store({episode: one}, attention)
    return has_news


@transaction.atomic
def _store(begun: Mapping[str, Begun], attention: Attention) -> bool:
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
    told = set(fired.deliveries.values_list("channel_id", flat=True))
    _deliver([(event, told & _enabled())])
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
