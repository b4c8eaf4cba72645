"""Import of the files in which earlier versions kept tokens, shared links and the record of changes."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from django.db.models import Model

from people.models import ApiToken, Change, Share


def import_tokens(content: bytes) -> None:
    """Import `tokens.json`: `{"tokens": [{"name", "owner", "scope", "digest", "created_at", "expires_at", "account"}]}`."""
    _import(ApiToken, json.loads(content)["tokens"])


def import_shares(content: bytes) -> None:
    """Import `shares.json`: `{"shares": [{"id", "kind", "target", "root", "created_at", "expires_at", "author", …}]}`."""
    _import(Share, json.loads(content)["shares"])


FILES: Final = ("changes.jsonl", "changes-admin.jsonl")
"""Older lines are in files that end in `.1`, `.2`, …"""


def changes_files(folder: Path) -> list[Path]:
    """Return the files of the record in the data directory, the oldest first."""
    return sorted(
        (path for name in FILES for path in folder.glob(f"{name}*")),
        key=lambda path: (path.name.partition(".jsonl")[0], -int(path.suffix[1:].replace("jsonl", "0"))),
    )


def import_changes(content: bytes, *, is_admin: bool) -> None:
    """Import lines such as `{"at": 1.7e9, "user": "ada", "method": "POST", "path": "/api/runs/tags", "status": 200}`."""
    fields = {field.name for field in Change._meta.concrete_fields} - {"id", "is_admin"}
    rows = []
    for line in content.splitlines():
        with suppress(ValueError, AttributeError):  # of a crash
            entry = json.loads(line)
            about = {name: value for name, value in entry.items() if name in fields}
            rows.append(Change(is_admin=is_admin, **about))
    Change.objects.bulk_create(rows, batch_size=1000)


def _import(model: type[Model], entries: list[dict[str, Any]]) -> None:
    rows = [model(**entry) for entry in entries]
    for row in rows:
        row.clean_fields()
    model._default_manager.bulk_create(rows, ignore_conflicts=True)
