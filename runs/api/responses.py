"""What the API says of a run, as plain dictionaries made from rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from runicorn.api.responses.recycle_bin import DeletedRun
from runicorn.store import layout
from runs.models import Run, RunQuerySet, StorageRoot
from runs.query.completeness import missing_records, problems
from runs.query.ordering import Ordered

ITEM = {
    "id": "run_id",
    "created_time": "created",
    "status": "status",
    "pid": "pid",
    "best_metric_value": "best_metric_value",
    "best_metric_name": "best_metric_name",
    "project": "project",
    "name": "name",
    "artifacts_created_count": "artifacts_created_count",
    "artifacts_used_count": "artifacts_used_count",
    "started_at": "started",
    "ended_at": "ended",
    "heartbeat_at": "heartbeat",
    "duration_seconds": "duration",
    "tags": "tags",
    "hostname": "hostname",
    "records_written": "records_written",
    "records_missing": "records_unwritten",
}
"""The name in an answer → the field of the row."""
JOURNAL = ("journal_records", "journal_bytes")
"""Fields of the row that decide how many records are missing."""
COLUMNS = ("folder", *ITEM.values(), *JOURNAL)
CHUNK = 500
SLICE = 2000


def list_item(root: StorageRoot, row: tuple[Any, ...]) -> dict[str, Any]:
    """A `RunListItem` from the values of `COLUMNS`."""
    return named(ITEM, row) | {"run_dir": f"{root.path}/{row[0]}"}


def named(names: Iterable[str], row: tuple[Any, ...]) -> dict[str, Any]:
    """Return the values of a row between its folder and `JOURNAL` by name, with the records that are missing."""
    *values, records, size = row[1:]
    item = dict(zip(names, values, strict=True))
    missing = missing_records(item["records_written"], item["records_missing"], records, size)
    return item | {"hostname": item["hostname"] or None, "records_missing": missing}


def places(root: StorageRoot, folder: str) -> dict[str, str]:
    """Where a run and its large files lie: absolute paths."""
    run_dir = f"{root.path}/{folder}"
    events = f"{run_dir}/{layout.EVENTS}"
    logs = f"{run_dir}/{layout.LOGS}"
    return {"run_dir": run_dir, "logs": logs, "metrics": events, "metrics_step": events}


def newest_first(
    root: StorageRoot, runs: RunQuerySet, offset: int = 0, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """The runs as list items, in short queries that each begin where the last one ended."""
    page, left = runs.newest(), limit
    while left is None or left > 0:
        size = CHUNK if left is None else min(CHUNK, left)
        rows = list(page.values_list("created", "id", *COLUMNS)[offset : offset + size])
        for row in rows:
            yield list_item(root, row[2:])
        if len(rows) < size:
            return
        page, offset = runs.newest().after(rows[-1][0], rows[-1][1]), 0
        left = None if left is None else left - size


def in_order(
    root: StorageRoot, runs: Ordered, offset: int = 0, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """The runs as list items in any order."""
    for row in sliced(runs.values_list(*COLUMNS), offset, limit):
        yield list_item(root, row)


def sliced(rows: Any, offset: int = 0, limit: int | None = None) -> Iterator[Any]:
    """Rows by one short query after another: one long query would hold up whoever tidies the database."""
    end = None if limit is None else offset + limit
    while end is None or offset < end:
        stop = offset + SLICE if end is None else min(offset + SLICE, end)
        got = list(rows[offset:stop])
        yield from got
        if len(got) < stop - offset:
            return
        offset = stop


def detail(run: Run) -> dict[str, Any]:
    """Everything about one run."""
    item = list_item(run.root, tuple(getattr(run, column) for column in COLUMNS))
    return item | {
        **places(run.root, run.folder),
        "created_at": run.created,
        "updated_at": run.updated,
        "description": run.description,
        "summary": run.summary,
        "config": run.config,
        "environment_available": run.environment_available,
        "exit_reason": run.exit_reason,
        "warnings": [*run.warnings, *(run.journal_problems or ()), *problems(run)],
        "group": run.group,
        "pinned": run.pinned,
        "archived": run.archived,
        "best_metric_step": run.best_metric_step,
        "best_metric_mode": run.best_metric_mode,
        "last_step": run.last_step,
    }


def deleted_runs(root: StorageRoot) -> Iterator[DeletedRun]:
    """Yield the runs in the recycle bin, the last deletion first."""
    fields = ("run_id", "project", "name", "created", "deleted", "delete_reason", "original_status", "folder")
    names = ("id", "project", "name", "created_time", "deleted_at", "delete_reason", "original_status")
    deleted = Run.objects.in_root(root).exclude(deleted=None).order_by("-deleted", "-id")
    for row in sliced(deleted.values_list(*fields)):
        yield DeletedRun(**dict(zip(names, row[:-1], strict=True)), run_dir=f"{root.path}/{row[-1]}")


def found_experiments(runs: RunQuerySet) -> Iterator[dict[str, Any]]:
    """Runs as the older `experiments` routes describe them, the last updated first."""
    fields = ("run_id", "project", "name", "tags", "description", "created", "updated", "archived", "pinned")
    names = ("id", "project", "name", "tags", "description", "created_at", "updated_at", "archived", "pinned")
    for row in sliced(runs.order_by("-updated", "-id").values_list(*fields)):
        yield dict(zip(names, row, strict=True))
