"""Import of what earlier versions kept elsewhere: rules and channels in `alerts.json`, events in the index."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Final, TypeAlias

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Max

from alerts import identities
from alerts.models import AlertChannel, AlertDelivery, AlertEvent, AlertRule
from runicorn_site.web.durable import changing
from runicorn_site.web.legacy_files import begin_after
from runs.models import Run, StorageRoot

FILE: Final = "alerts.json"
TABLE: Final = "metrics_alertevent"
CHANNEL = ("id", "name", "kind", "url", "secret", "enabled", "created_at")
RULE = ("id", "name", "when", "where", "channels", "enabled", "created_at", "changed_at")
EVENT = (
    *("id", "title", "level", "kind", "subject", "at", "stored_at", "text", "details", "value"),
    *("acknowledged", "episode", "run_id", "rule_id"),
)
DELIVERY = ("event_id", "channel_id", "status", "tries", "due_at")
BATCH = 500
Row: TypeAlias = dict[str, Any]


def import_rules(content: bytes) -> None:
    """Import `{"last_id": 7, "channels": [{…}], "rules": [{…}]}`; ids are never used again."""
    record = json.loads(content.decode("utf-8-sig"))
    model: Any
    for model, name, fields in ((AlertChannel, "channels", CHANNEL), (AlertRule, "rules", RULE)):
        rows = [model(**{field: entry[field] for field in fields}) for entry in record.get(name, [])]
        model.objects.bulk_create(rows, ignore_conflicts=True)
        begin_after(model, max([int(record.get("last_id", 0)), *(row.pk for row in rows)]))


def import_events() -> None:
    """Move the events, with the messages that wait, from an index that has the tables of this version.

    After a kill before they are removed there they are read again, and known by their identities.
    """
    # An index that this version has made never had them.
    rows = (
        list(_rows(TABLE, EVENT))
        if TABLE in connections[DEFAULT_DB_ALIAS].introspection.table_names()
        else []
    )
    if not rows:
        return
    with changing():
        _import_events(rows)
    with transaction.atomic(), connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        # They refer to rows of runs, which could not be deleted otherwise.
        for table in ("metrics_alertdelivery", TABLE):
            cursor.execute(f'DELETE FROM "{table}"')


def _import_events(rows: list[Row]) -> None:
    rules = set(AlertRule.objects.values_list("pk", flat=True))
    channels = set(AlertChannel.objects.values_list("pk", flat=True))
    roots = dict(StorageRoot.objects.values_list("pk", "path"))
    runs = _runs([row["run_id"] for row in rows if row["run_id"]])
    first = AlertEvent.objects.aggregate(last=Max("pk"))["last"] or 0
    events = []
    for row in rows:
        run = row.pop("run_id")
        root, run_id = runs.get(run, ("", ""))
        if run is None and row["subject"].startswith("disk "):
            root, row["subject"] = roots.get(int(row["subject"][5:]), ""), "disk"
        events.append(event_of(row | {"id": first + row["id"]}, root, run_id, rules))
    AlertEvent.objects.bulk_create(events, batch_size=BATCH, ignore_conflicts=True)
    begin_after(AlertEvent, max(event.pk for event in events))
    firings = AlertEvent.objects.filter(kind="fired", rule__isnull=False).order_by()
    for rule, at in firings.values_list("rule").annotate(Max("at")):
        AlertRule.objects.filter(pk=rule).update(last_fired_at=at)
    event_ids = set(AlertEvent.objects.filter(pk__gt=first).values_list("pk", flat=True))
    AlertDelivery.objects.bulk_create(
        [
            AlertDelivery(**row | {"event_id": first + row["event_id"]})
            for row in _rows("metrics_alertdelivery", DELIVERY)
            if row["channel_id"] in channels and first + row["event_id"] in event_ids
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )


def _rows(table: str, columns: tuple[str, ...]) -> Iterator[Row]:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        names = ", ".join(f'"{column}"' for column in columns)
        cursor.execute(f'SELECT {names} FROM "{table}" ORDER BY "id"')
        while part := cursor.fetchmany(BATCH):
            yield from (dict(zip(columns, row, strict=True)) for row in part)


def _runs(keys: list[int]) -> dict[int, tuple[str, str]]:
    """Return root and id of runs by their keys."""
    runs = {}
    for start in range(0, len(keys), BATCH):
        part = Run.objects.filter(pk__in=keys[start : start + BATCH])
        for key, root, run_id in part.values_list("pk", "root__path", "run_id"):
            runs[key] = root, run_id
    return runs


def event_of(row: dict[str, Any], root: str, run_id: str, rules: Collection[int]) -> AlertEvent:
    """Return an event of an earlier version.

    Args:
        row: its columns without the run.
        rules: those that there still are.
    """
    is_open, details = row["episode"] is not None, row["details"]
    details = json.loads(details) if isinstance(details, str) else details
    event = AlertEvent(**row | {"details": details, "episode": None, "root": root, "run_id": run_id})
    if event.rule_id is not None and event.rule_id in rules:
        episode = identities.name(event.rule_id, root, run_id, event.subject)
        event.episode = episode if is_open else None
        event.identity = identities.identity(episode, event.kind, event.at, details)
    else:
        event.rule_id = None
        text = event.text.removeprefix(event.title).removeprefix(": ")
        event.identity = identities.identity_of_alert(root, run_id, event.at, event.title, text, event.level)
    return event
