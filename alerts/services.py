"""Create, change and delete rules and channels; acknowledge events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.db.models import Max, QuerySet

from alerts.delivery import addresses
from alerts.errors import AlertItemNotFound, AlertsUnavailable, InvalidAlert
from alerts.judging import rule_set
from alerts.kinds.base import Condition
from alerts.models import AlertChannel, AlertEvent, AlertRule
from alerts.rules import check, check_where
from runicorn.message import Message
from runicorn_site.web import encryption
from runicorn_site.web.durable import changing
from runicorn_site.web.readable import current
from runs.active_root import active_root
from runs.models import Run, StorageRoot
from runs.query.where_keys import is_readable

MOST_CHANNELS, MOST_RULES = 100, 2_000


def save_channel(values: dict[str, Any], key: int | None = None) -> AlertChannel:
    """Create a channel, or change the given fields of one."""
    fields: dict[str, Any] = {name: values[name] for name in ("name", "enabled") if name in values}
    if "url" in values:
        url = values["url"].strip()
        fields |= {"kind": addresses.kind_of(url), "url": _encrypt(url)}
    if "secret" in values:
        fields["secret"] = _encrypt(values["secret"]) if values["secret"] else ""
    if "url" in values or "secret" in values:
        fields["last_error"] = None
    with changing():
        if key is None:
            _require_room(AlertChannel, MOST_CHANNELS)
            return AlertChannel.objects.create(created_at=time.time(), **fields)
        channel(key)
        AlertChannel.objects.filter(pk=key).update(**fields)
    return channel(key)


def save_rule(values: dict[str, Any], key: int | None = None) -> AlertRule:
    """Create a rule, or change the given fields of one."""
    fields: dict[str, Any] = {name: values[name] for name in ("name", "enabled") if name in values}
    if "when" in values:
        fields["when"] = check(values["when"]).to_dict()
    if "where" in values:
        check_where(values["where"])
        if not is_readable(active_root(), values["where"]):
            raise InvalidAlert("where", Message("You may not read this project"))
        fields["where"] = values["where"].strip()
    now = time.time()
    with changing():
        if "channels" in values:
            fields["channels"] = _known_channels(values["channels"])
        if key is None:
            _require_room(AlertRule, MOST_RULES)
            key = AlertRule.objects.create(created_at=now, changed_at=now, **fields).pk
        else:
            row = rule(key)
            # What happened before a rule was made, changed or switched on sends no message.
            after = fields.get("when", row.when), fields.get("where", row.where)
            if after != (row.when, row.where) or (fields.get("enabled") and not row.enabled):
                fields["changed_at"] = now
            AlertRule.objects.filter(pk=key).update(**fields)
    rule_set.forget()
    return rule(key)


def delete(what: str, key: int) -> None:
    """Delete a rule or a channel; events of a rule are kept.

    Args:
        what: `rules` or `channels`.
    """
    with changing():
        if what == "rules":
            rule(key).delete()
        else:
            channel(key).delete()
            for row in AlertRule.objects.all():
                if key in row.channels:
                    row.channels.remove(key)
                    row.save(update_fields=["channels"])
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
    return check(values["when"])


def events() -> QuerySet[AlertEvent]:
    """Return the events of the active root that the sender of the request may read."""
    root = active_root()
    of_root = AlertEvent.objects.filter(root=root.path)
    if current().is_everything:
        return of_root
    run_ids = set(of_root.exclude(run_id="").values_list("run_id", flat=True))
    readable = set(Run.objects.in_root(root).filter(run_id__in=run_ids).values_list("run_id", flat=True))
    return of_root.filter(run_id__in={"", *readable})


def forget_run(root: StorageRoot, run: Run) -> None:
    """Delete the events of a run that is removed for good."""
    AlertEvent.objects.filter(root=root.path, run_id=run.run_id).delete()


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


def _require_room(model: type[AlertChannel | AlertRule], most: int) -> None:
    if model.objects.count() >= most:
        raise InvalidAlert("name", Message("At most {most} can be saved", most=most))


def _encrypt(text: str) -> str:
    try:
        return encryption.encrypt(text)
    except OSError as error:
        raise AlertsUnavailable(error.strerror or "unknown reason") from error
