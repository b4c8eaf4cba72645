"""Build the responses about runs from rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, cast

from runicorn.api.responses.experiments import Experiment, FoundExperiment
from runicorn.api.responses.recycle_bin import DeletedRun
from runicorn.api.responses.runs import Evidence, RunDetail, RunFilePaths, RunItem
from runicorn.store import layout
from runs.models import Run, RunQuerySet, StorageRoot
from runs.query.completeness import missing_records, problems
from runs.query.ordering import Ordered

ITEM = {
    "id": "run_id",
    "created_time": "created",
    "status": "status",
    "state": "state",
    "state_reason": "state_reason",
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
    "display_name": "display_name",
    "color": "color",
    "owner": "owner",
    "hostname": "hostname",
    "records_written": "records_written",
    "records_missing": "records_unwritten",
}
"""Key of a `RunItem` → field of the row."""
JOURNAL = ("journal_records", "journal_bytes")
"""Fields of the row that decide how many records are missing."""
COLUMNS = ("folder", *ITEM.values(), *JOURNAL)
Item = TypeVar("Item", RunItem, Experiment)
CHUNK = 500
SLICE = 2000


def run_item(root: StorageRoot, row: tuple[Any, ...]) -> RunItem:
    """Build a list item from the values of `COLUMNS`."""
    return by_key(RunItem, root, ITEM, row)


def by_key(kind: type[Item], root: StorageRoot, keys: Iterable[str], row: tuple[Any, ...]) -> Item:
    """Return a `kind` of the values between the folder and `JOURNAL`, with the folder and the missing records."""
    *values, records, size = row[1:]
    item: dict[str, Any] = dict(zip(keys, values, strict=True))
    missing = missing_records(item["records_written"], item["records_missing"], records, size)
    item["hostname"] = item["hostname"] or None
    item["records_missing"] = missing
    item["run_dir"] = f"{root.path}/{row[0]}"
    return cast(Item, item)


def file_paths(run_dir: str) -> RunFilePaths:
    """Return the absolute paths of the log and the journal of a run."""
    events = f"{run_dir}/{layout.EVENTS}"
    return {"logs": f"{run_dir}/{layout.LOGS}", "metrics": events, "metrics_step": events}


def newest_first(
    root: StorageRoot, runs: RunQuerySet, offset: int = 0, limit: int | None = None
) -> Iterator[RunItem]:
    """Yield the runs as list items, in short queries that each begin where the last one ended."""
    page, left = runs.newest(), limit
    while left is None or left > 0:
        size = CHUNK if left is None else min(CHUNK, left)
        rows = list(page.values_list("created", "id", *COLUMNS)[offset : offset + size])
        for row in rows:
            yield run_item(root, row[2:])
        if len(rows) < size:
            return
        page, offset = runs.newest().after(rows[-1][0], rows[-1][1]), 0
        left = None if left is None else left - size


def in_order(
    root: StorageRoot, runs: Ordered, offset: int = 0, limit: int | None = None
) -> Iterator[RunItem]:
    """Yield the runs as list items in any order."""
    for row in sliced(runs.values_list(*COLUMNS), offset, limit):
        yield run_item(root, row)


def sliced(rows: Any, offset: int = 0, limit: int | None = None) -> Iterator[Any]:
    """Yield rows from one short query after another: a long query would block a checkpoint of the database."""
    end = None if limit is None else offset + limit
    while end is None or offset < end:
        stop = offset + SLICE if end is None else min(offset + SLICE, end)
        batch = list(rows[offset:stop])
        yield from batch
        if len(batch) < stop - offset:
            return
        offset = stop


def detail(run: Run) -> RunDetail:
    """Build the response about one run."""
    item = run_item(run.root, tuple(getattr(run, column) for column in COLUMNS))
    return {
        **item,
        **file_paths(item["run_dir"]),
        "created_at": run.created,
        "updated_at": run.updated,
        "description": run.description,
        "summary": run.summary,
        "config": run.config,
        "environment_available": run.environment_available,
        "exit_reason": run.exit_reason,
        "evidence": cast(Evidence, run.evidence),
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
        item = dict(zip(names, row[:-1], strict=True)) | {"run_dir": f"{root.path}/{row[-1]}"}
        yield cast(DeletedRun, item)


def found_experiments(runs: RunQuerySet) -> Iterator[FoundExperiment]:
    """Yield runs as the older `experiments` routes describe them, the last updated first."""
    fields = ("run_id", "project", "name", "tags", "description", "created", "updated", "archived", "pinned")
    names = ("id", "project", "name", "tags", "description", "created_at", "updated_at", "archived", "pinned")
    for row in sliced(runs.order_by("-updated", "-id").values_list(*fields)):
        yield cast(FoundExperiment, dict(zip(names, row, strict=True)))
