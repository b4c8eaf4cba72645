"""Storage of channels and rules in `alerts.json`, from which their rows are derived.

    {"last_id": 7, "channels": [{"id", "name", "kind", "url", "secret", "enabled", "created_at"}],
     "rules": [{"id", "name", "when", "where", "channels", "enabled", "created_at", "changed_at"}]}

`url` and `secret` are encrypted. Ids are never used again.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict

from django.db import transaction

from alerts.errors import AlertsUnavailable
from alerts.models import AlertChannel, AlertRule
from runicorn import _platform
from runicorn.json_value import JsonObject
from runicorn.settings.user import PRIVATE_FILE, config_directory

FILE = "alerts.json"
CEILING = 16 * 1024 * 1024
CHANNEL = ("name", "kind", "url", "secret", "enabled", "created_at")
RULE = ("name", "when", "where", "channels", "enabled", "created_at", "changed_at")
logger = logging.getLogger(__name__)


class RecordEntry(TypedDict, total=False):
    id: int
    name: str
    enabled: bool
    created_at: float
    kind: str
    url: str
    secret: str
    when: JsonObject
    where: str
    channels: list[int]
    changed_at: float


class Record(TypedDict):
    last_id: int
    channels: list[RecordEntry]
    rules: list[RecordEntry]


def change(edit: Callable[[Record], None]) -> None:
    """Change the file under its lock, then the rows.

    Raises:
        AlertsUnavailable: the file could not be read or written; nothing was changed.
    """
    with _configuration():
        path = config_directory() / FILE
        with _platform.file_lock(path.with_name(f".{FILE}.lock")):
            record = _readable(path)
            edit(record)
            text = json.dumps(record, indent=1, ensure_ascii=False)
            _platform.replace_file(
                Path(os.path.realpath(path)), text.encode("utf-8", "replace"), PRIVATE_FILE
            )
            _store(record)


def next_id(record: Record) -> int:
    """Return a new id for a channel or a rule."""
    record["last_id"] += 1
    return record["last_id"]


def restore() -> None:
    """Make the rows those of the file, as after the database was rebuilt; a damaged file leaves them."""
    try:
        path = config_directory() / FILE
        with _platform.file_lock(path.with_name(f".{FILE}.lock")):
            _store(_read(path))
    except (OSError, ValueError) as error:
        logger.warning("The rules in %s could not be read: %s", FILE, error)


def _store(record: Record) -> None:
    _replace_rows(AlertChannel, CHANNEL, record["channels"])
    _replace_rows(AlertRule, RULE, record["rules"])


def _replace_rows(model: Any, fields: Sequence[str], entries: Sequence[Any]) -> None:
    rows = [model(id=entry["id"], **{name: entry[name] for name in fields}) for entry in entries]
    with transaction.atomic():
        rows_by_pk = {row.pk: row for row in model.objects.all()}
        model.objects.filter(pk__in=rows_by_pk.keys() - {row.pk for row in rows}).delete()
        model.objects.bulk_create([row for row in rows if row.pk not in rows_by_pk])
        pairs = [(row, rows_by_pk[row.pk]) for row in rows if row.pk in rows_by_pk]
        changed = [
            row
            for row, before in pairs
            if any(getattr(row, name) != getattr(before, name) for name in fields)
        ]
        if changed:
            model.objects.bulk_update(changed, fields, batch_size=100)


def _read(path: Path) -> Record:
    empty = Record(last_id=0, channels=[], rules=[])
    try:
        raw = _platform.read_regular(path, CEILING + 1, follow_links=True)
    except FileNotFoundError:
        return empty
    if len(raw) > CEILING:
        raise OSError(errno.EFBIG, f"{FILE} is too large")
    content = json.loads(raw.decode("utf-8-sig"))
    if not isinstance(content, dict):
        raise ValueError("not an object")
    for name, fields in (("channels", CHANNEL), ("rules", RULE)):
        entries = content.get(name, [])
        if not isinstance(entries, list) or not all(
            isinstance(entry, dict) and {"id", *fields} <= entry.keys() for entry in entries
        ):
            raise ValueError(f"an entry of {name} is incomplete")
    ids = [int(entry["id"]) for name in ("channels", "rules") for entry in content.get(name, [])]
    return Record(
        last_id=max([int(content.get("last_id", 0)), *ids]),
        channels=content.get("channels", []),
        rules=content.get("rules", []),
    )


def _readable(path: Path) -> Record:
    """Read the file; a damaged one is renamed and kept for inspection."""
    try:
        return _read(path)
    except ValueError:
        aside = path.with_name(f"{FILE}.damaged-{int(time.time())}")
        os.replace(path, aside)
        logger.warning("%s was damaged and is now %s", path, aside)
        return _read(path)


@contextmanager
def _configuration() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AlertsUnavailable(error.strerror or "unknown reason") from error
