"""Rows of a backup by an earlier version: lines of JSON in the format of Django's serializer, which name runs and roots."""

from __future__ import annotations

import json

from django.core import serializers

from alerts.legacy_import import event_of
from alerts.models import AlertEvent
from runicorn_site.database.router import is_durable


def load(rows: str, alias: str) -> None:
    """Store what is durable in an empty database.

    Raises:
        django.core.serializers.base.DeserializationError: the rows do not fit the tables.
    """
    lines, events, rules = [], [], set()
    for line in rows.splitlines():
        entry = json.loads(line)
        if entry["model"].startswith("metrics.alert"):  # their app when the backup was made
            entry["model"] = entry["model"].replace("metrics", "alerts", 1)
        if entry["model"] == "alerts.alertevent":
            events.append(entry)
        elif is_durable(*entry["model"].split(".")):
            lines.append(json.dumps(entry))
        if entry["model"] == "alerts.alertrule":
            rules.add(entry["pk"])
    deferred = []
    # Deliveries refer to events, whose tables have other columns now.
    late = [line for line in lines if json.loads(line)["model"] == "alerts.alertdelivery"]
    early = [line for line in lines if line not in late]
    for row in serializers.deserialize(
        "jsonl", "\n".join(early), using=alias, handle_forward_references=True
    ):
        row.save(using=alias)
        deferred += [row] if row.deferred_fields else []
    for row in deferred:
        row.save_deferred_fields(using=alias)
    event_rows = []
    for entry in events:
        fields = entry["fields"]
        root, run_id = fields.pop("run") or ("", "")
        fields |= {"id": entry["pk"], "rule_id": fields.pop("rule")}
        event_rows.append(event_of(fields, root, run_id, rules))
    AlertEvent.objects.using(alias).bulk_create(event_rows, ignore_conflicts=True)
    for row in serializers.deserialize("jsonl", "\n".join(late), using=alias):
        row.save(using=alias)
