"""Create, change and delete rules and channels; acknowledge events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

from django.db.models import Max, Q, QuerySet

from alerts import record
from alerts.delivery import addresses
from alerts.errors import AlertItemNotFound, InvalidAlert
from alerts.judging import rule_set
from alerts.kinds.base import Condition
from alerts.models import AlertChannel, AlertEvent, AlertRule
from alerts.rules import check_where, checked
from runicorn.message import Message
from runicorn_site.web import encryption
from runicorn_site.web.readable import current
from runs.active_root import active_root
from runs.query.where_keys import is_readable

MOST_CHANNELS, MOST_RULES = 100, 2_000


def save_channel(values: dict[str, Any], key: int | None = None) -> AlertChannel:
    """Create a channel, or change the given fields of one."""
    fields = cast(record.RecordEntry, {name: values[name] for name in ("name", "enabled") if name in values})
    if "url" in values:
        fields["kind"] = addresses.kind_of(values["url"].strip())
    saved: list[int] = []

    def edit(content: record.Record) -> None:
        entry = _entry(content, "channels", key, MOST_CHANNELS)
        entry.update(fields)
        if "url" in values:
            entry["url"] = encryption.encrypt(values["url"].strip())
        if "secret" in values:
            entry["secret"] = encryption.encrypt(values["secret"]) if values["secret"] else ""
        saved.append(entry["id"])

    record.change(edit)
    if "url" in values or "secret" in values:
        AlertChannel.objects.filter(pk=saved[0]).update(last_error=None)
    return channel(saved[0])


def save_rule(values: dict[str, Any], key: int | None = None) -> AlertRule:
    """Create a rule, or change the given fields of one."""
    fields = cast(record.RecordEntry, {name: values[name] for name in ("name", "enabled") if name in values})
    if "when" in values:
        fields["when"] = checked(values["when"]).to_dict()
    if "where" in values:
        check_where(values["where"])
        if not is_readable(active_root(), values["where"]):
            raise InvalidAlert("where", Message("You may not read this project"))
        fields["where"] = values["where"].strip()
    if "channels" in values:
        fields["channels"] = _known_channels(values["channels"])
    saved: list[int] = []
    if key is not None:
        rule(key)

    def edit(content: record.Record) -> None:
        entry = _entry(content, "rules", key, MOST_RULES)
        before = entry["when"], entry["where"], entry["enabled"] or not fields.get("enabled")
        entry.update(fields)
        # What happened before a rule was made, changed or switched on sends no message.
        if before != (entry["when"], entry["where"], True):
            entry["changed_at"] = time.time()
        saved.append(entry["id"])

    record.change(edit)
    rule_set.forget()
    return rule(saved[0])


def delete(what: str, key: int) -> None:
    """Delete a rule or a channel; events of a rule are kept.

    Args:
        what: `rules` or `channels`.
    """

    if what == "rules":
        rule(key)

    def edit(content: record.Record) -> None:
        entries = content["rules"] if what == "rules" else content["channels"]
        entries.remove(_entry(content, what, key, 0))
        if what == "channels":
            for rule in content["rules"]:
                rule["channels"] = [channel for channel in rule["channels"] if channel != key]

    record.change(edit)
    rule_set.forget()


def channel(key: int) -> AlertChannel:
    row = AlertChannel.objects.filter(pk=key).first()
    if row is None:
        raise AlertItemNotFound("Channel", key)
    return row


def rule(key: int) -> AlertRule:
    row = AlertRule.objects.filter(pk=key).first()
    if row is None or not is_readable(active_root(), row.where):
        raise AlertItemNotFound("Rule", key)
    return _as_seen([row])[0]


def rules(*order: str) -> list[AlertRule]:
    """Return the rules in an order, without those whose condition names a project that may not be read."""
    rows = AlertRule.objects.order_by(*order)
    return _as_seen([row for row in rows if is_readable(active_root(), row.where)])


def _as_seen(rows: list[AlertRule]) -> list[AlertRule]:
    """Replace the time at which each rule last fired by that of the events that may be read."""
    if not current().is_everything:
        times = dict(events().filter(rule__in=rows, kind="fired").values_list("rule").annotate(Max("at")))
        for row in rows:
            row.last_fired_at = times.get(row.pk)
    return rows


def condition(values: dict[str, Any]) -> Condition:
    """Return the condition of a rule that is not saved."""
    check_where(values.get("where", ""))
    return checked(values["when"])


def events() -> QuerySet[AlertEvent]:
    """Return the events of the active root that the sender of the request may read."""
    of_run = Q(run__root=active_root())
    readable = of_run if current().is_everything else of_run & current().condition("run__project")
    return AlertEvent.objects.filter(Q(run=None) | readable)


def unseen_events() -> QuerySet[AlertEvent]:
    return events().filter(kind="fired", acknowledged=False)


def acknowledge(keys: Sequence[int]) -> int:
    """Mark events as seen; return how many were not."""
    unseen = events().filter(pk__in=list(keys), acknowledged=False)
    return int(unseen.update(acknowledged=True))


def _known_channels(keys: Sequence[int]) -> list[int]:
    existing = set(AlertChannel.objects.filter(pk__in=list(keys)).values_list("pk", flat=True))
    for key in keys:
        if key not in existing:
            raise InvalidAlert("channels", Message("There is no channel {key}", key=key))
    return list(dict.fromkeys(keys))


def _entry(content: record.Record, what: str, key: int | None, limit: int) -> record.RecordEntry:
    """Return the entry with an id, or a new one."""
    entries = content["rules"] if what == "rules" else content["channels"]
    if key is not None:
        match = next((entry for entry in entries if entry["id"] == key), None)
        if match is None:
            raise AlertItemNotFound("Rule" if what == "rules" else "Channel", key)
        return match
    if len(entries) >= limit:
        raise InvalidAlert("name", Message("At most {most} can be saved", most=limit))
    now = time.time()
    entry: record.RecordEntry = {"id": record.next_id(content), "enabled": True, "created_at": now}
    if what == "rules":
        entry |= {"when": {}, "where": "", "channels": [], "changed_at": now}
    else:
        entry |= {"url": "", "secret": ""}
    entries.append(entry)
    return entry
