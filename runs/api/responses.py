"""Build the responses about runs from rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

from runicorn.api.responses.experiments import FoundExperiment
from runicorn.api.responses.recycle_bin import DeletedRun
from runicorn.api.responses.runs import RunDetail, RunFilePaths, RunItem
from runicorn.store import layout
from runs.models import Run, RunQuerySet, StorageRoot
from runs.query.completeness import missing_records, problems

FIELDS = {
    "id": "run_id",
    "created_time": "created",
    "created_at": "created",
    "updated_at": "updated",
    "started_at": "started",
    "ended_at": "ended",
    "deleted_at": "deleted",
    "heartbeat_at": "heartbeat",
    "duration_seconds": "duration",
    "records_missing": "records_unwritten",
}
"""Key of a response → field of the row, where their names differ."""
PATHS = frozenset(RunFilePaths.__annotations__)
JOURNAL = ("journal_records", "journal_bytes", "journal_end")
"""Fields of the row that decide how many records are missing."""
T = TypeVar("T")
CHUNK = 500
SLICE = 2000


class Columns(Generic[T]):
    """The columns of rows that a response consists of: the keys of its TypedDict, and what paths and counts need.

    Attributes:
        fields: fields of the row, in the order in which `build` expects their values.
    """

    def __init__(self, kind: type[T]) -> None:
        keys = kind.__annotations__.keys()
        self._has_folder, self._has_paths = "run_dir" in keys, keys >= PATHS
        self._has_records, self._has_host = "records_missing" in keys, "hostname" in keys
        needed = [*(["folder"] if self._has_folder else []), *(JOURNAL if self._has_records else ())]
        self._keys = [*(key for key in keys if key != "run_dir" and key not in PATHS), *needed]
        self.fields = [FIELDS.get(key, key) for key in self._keys]

    def build(self, root: str, row: Sequence[Any]) -> T:
        """Build the response from the values of `fields`; `root` is the path of the storage root."""
        item: dict[str, Any] = dict(zip(self._keys, row, strict=True))
        if self._has_records:
            records_written, unwritten = item["records_written"], item["records_missing"]
            counts = [item.pop(key) for key in JOURNAL]
            item["records_missing"] = missing_records(records_written, unwritten, *counts)
        if self._has_host:
            item["hostname"] = item["hostname"] or None
        if self._has_folder:
            item["run_dir"] = f"{root}/{item.pop('folder')}"
        if self._has_paths:
            item |= file_paths(item["run_dir"])
        return cast(T, item)

    def of(self, run: Run) -> T:
        return self.build(run.root.path, [getattr(run, field) for field in self.fields])


ITEM, DETAIL = Columns(RunItem), Columns(RunDetail)
DELETED, FOUND = Columns(DeletedRun), Columns(FoundExperiment)


def file_paths(run_dir: str) -> RunFilePaths:
    """Return the absolute paths of the log and the journal of a run."""
    events = f"{run_dir}/{layout.EVENTS}"
    return {"logs": f"{run_dir}/{layout.LOGS}", "metrics": events, "metrics_step": events}


def newest_first(
    root: StorageRoot, runs: RunQuerySet, offset: int = 0, limit: int | None = None
) -> Iterator[RunItem]:
    """Yield the runs as list items, in short queries that each begin where the last one ended."""
    page, remaining = runs.newest(), limit
    while remaining is None or remaining > 0:
        size = CHUNK if remaining is None else min(CHUNK, remaining)
        rows = list(page.values_list("created", "id", *ITEM.fields)[offset : offset + size])
        for row in rows:
            yield ITEM.build(root.path, row[2:])
        if len(rows) < size:
            return
        page, offset = runs.newest().after(rows[-1][0], rows[-1][1]), 0
        remaining = None if remaining is None else remaining - size


def items(root: StorageRoot, rows: Any, offset: int = 0, limit: int | None = None) -> Iterator[RunItem]:
    """Yield the runs of rows as list items; the rows have the fields of `ITEM`."""
    for row in sliced(rows, offset, limit):
        yield ITEM.build(root.path, row)


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
    warnings = [*run.warnings, *(run.journal_problems or ()), *problems(run)]
    return {**DETAIL.of(run), "warnings": warnings}


def deleted_runs(root: StorageRoot) -> Iterator[DeletedRun]:
    """Yield the runs in the recycle bin, the last deletion first."""
    deleted = Run.objects.in_root(root).exclude(deleted=None).order_by("-deleted", "-id")
    for row in sliced(deleted.values_list(*DELETED.fields)):
        yield DELETED.build(root.path, row)


def found_experiments(root: StorageRoot, runs: RunQuerySet) -> Iterator[FoundExperiment]:
    """Yield runs as the older `experiments` routes describe them, the last updated first."""
    for row in sliced(runs.order_by("-updated", "-id").values_list(*FOUND.fields)):
        yield FOUND.build(root.path, row)
