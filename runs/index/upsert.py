"""Insert or update the rows of run folders, in one short transaction per call."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

from django.db import transaction

from runicorn.store import layout
from runicorn.store.state import State
from runicorn.store.state.transitions import Event, Observation, Standing, follow
from runs.index import bulk, search_index
from runs.models import Run, RunMetric, RunParam, RunTag, StorageRoot
from runs.query import counts
from runs.store.folder_stat import FolderState
from runs.store.metric_stats import best_by, best_of_row, mode_of
from runs.store.params import flatten
from runs.store.reader import RunRecord

OTHERS = "Other folders have the same run id; this one is the newest: "
NAMES = (*(field.name for field in fields(RunRecord)), "best_score")
CREATE = ("root", *NAMES, "other_folders", "search", "media_offset", "media_mark")
UPDATE = (*NAMES, "other_folders", "search")
values_of = attrgetter(*NAMES)


@dataclass(slots=True)
class ReadRecord:
    """A record, and the conditions for replacing a row by it."""

    record: RunRecord
    settled: bool
    """False while the folder may still be written."""
    row_signature: str | None
    """Signature of the row before the folder was read; None without a row."""


def search_text(record: RunRecord | Run) -> str:
    """Return the text that searches match, case-folded."""
    names = record.project, record.name, record.display_name or ""
    words = (*names, record.run_id, *record.tags, record.description)
    return "\n".join(words).casefold()


@transaction.atomic
def add(root: StorageRoot, records: Iterable[RunRecord]) -> None:
    """Insert rows for new runs, without their config values; known runs stay unchanged."""
    by_id = {record.run_id: record for record in records}
    existing_ids = Run.objects.filter(root=root, run_id__in=list(by_id)).values_list("run_id", flat=True)
    for run_id in list(existing_ids):
        del by_id[run_id]
    _create(root, by_id.values())
    counts.invalidate(root)


@transaction.atomic
def save(root: StorageRoot, readings: Sequence[ReadRecord]) -> set[str]:
    """Save the records of runs with different ids.

    Returns:
        The folders that need no second read: their rows are current, or a newer folder has the same id. The others
        changed while they were read.
    """
    ids = [reading.record.run_id for reading in readings]
    # Locked, where there are several writers: the comparison of signatures must hold until the update.
    locked = Run.objects.select_for_update(no_key=True).filter(root=root, run_id__in=ids).order_by("pk")
    rows = {run.run_id: run for run in locked}
    folders: set[str] = set()
    fresh: list[RunRecord] = []
    changed: list[tuple[Run, RunRecord]] = []
    for reading in readings:
        record, row = reading.record, rows.get(reading.record.run_id)
        if row is None:
            fresh.append(record)
        elif _may_update(root, row, reading):
            changed.append((row, record))
        elif row.folder == record.folder:
            continue
        folders.add(record.folder)
    _create(root, fresh)
    _update(root, changed)
    _details(root, fresh, changed)
    counts.invalidate(root)
    return folders


def _may_update(root: StorageRoot, row: Run, reading: ReadRecord) -> bool:
    """Return whether the row may show this folder; record in the row that another folder with its id is older."""
    record = reading.record
    if row.folder == record.folder:
        return reading.settled and row.signature in (reading.row_signature, "")
    others = [path for path in {row.folder, *row.other_folders} if path != record.folder]
    others = sorted(path for path in others if os.path.isdir(os.path.join(root.path, path)))
    if row.folder not in others or (record.created, record.folder) > (row.created, row.folder):
        row.other_folders = others
        return True
    others = sorted({*others, record.folder} - {row.folder})
    if others != row.other_folders:
        set_others(row.pk, others)
    return False


def set_others(key: int, others: list[str]) -> None:
    """Record in a row the other folders with its run id."""
    warnings = Run.objects.values_list("warnings", flat=True).get(pk=key)
    Run.objects.filter(pk=key).update(other_folders=others, warnings=with_others(warnings, others))


def set_unreadable(root: StorageRoot, folder: str, state: FolderState) -> None:
    """Record in a row that its folder cannot be read now; its content is kept."""
    Run.objects.filter(root=root).in_folders([folder]).update(
        signature=state.signature, warnings=[state.problem]
    )


def with_others(warnings: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the warnings with a single one about the other folders with that id, or without one."""
    own = [sentence for sentence in warnings if not sentence.startswith(OTHERS)]
    return [*own, f"{OTHERS}{', '.join(others)}"] if others else own


def _create(root: StorageRoot, records: Iterable[RunRecord]) -> None:
    # By id, so that keys ascend with ids in a new store: lists break ties by key.
    ordered = sorted(records, key=lambda record: record.run_id)
    rows = [(root.pk, *values_of(record), [], search_text(record), 0, "") for record in ordered]
    bulk.insert(Run, CREATE, rows)
    search_index.add(root, [record.run_id for record in ordered])


def _update(root: StorageRoot, changed: Sequence[tuple[Run, RunRecord]]) -> None:
    live = _live_bests(changed)
    rows = []
    for run, record in changed:
        record.warnings = with_others(record.warnings, run.other_folders)
        record.updated = max(record.updated, run.updated)
        if follow(Standing(State(run.state)), Observation(Event.READ, record.state)) is None:
            record.state, record.state_reason, record.evidence = run.state, run.state_reason, run.evidence
        if run.pk in live:
            record.best_metric_value, record.best_metric_step = live[run.pk]
        rows.append((run, (*values_of(record), run.other_folders, search_text(record))))
    # SQLite rewrites an index for every named column, even if its value is unchanged.
    moved = [
        place
        for place, name in enumerate(UPDATE)
        if name == "other_folders" or any(values[place] != getattr(run, name) for run, values in rows)
    ]
    names = [UPDATE[place] for place in moved]
    bulk.update(Run, names, ([*(values[place] for place in moved), run.pk] for run, values in rows))
    for run, record in changed:
        if record.metric_rules != run.metric_rules:
            _choose_bests(run, record)


def _choose_bests(run: Run, record: RunRecord) -> None:
    """Choose the best values of a run again after its definitions of metrics changed."""
    metrics = list(RunMetric.objects.filter(run=run))
    for metric in metrics:
        metric.best = best_by(metric, mode_of(record, metric.key))[0]
    RunMetric.objects.bulk_update(metrics, ["best"])


def _live_bests(changed: Sequence[tuple[Run, RunRecord]]) -> dict[int, tuple[float | None, int | None]]:
    """Return the best value and step, by row, of runs without a summary: running or killed ones."""
    records = {
        run.pk: record
        for run, record in changed
        if record.best_metric_name and (record.status == layout.RUNNING or record.best_metric_value is None)
    }
    names = {record.best_metric_name for record in records.values()}
    metrics = RunMetric.objects.filter(run__in=records, key__in=names) if records else ()
    bests = {}
    for metric in metrics:
        record = records[metric.run_id]
        if metric.key == record.best_metric_name:
            bests[metric.run_id] = best_of_row(metric, record.best_metric_mode)
    return bests


def _details(root: StorageRoot, fresh: Sequence[RunRecord], changed: Sequence[tuple[Run, RunRecord]]) -> None:
    """Replace the rows of tags and config values by which runs are found."""
    ids = [record.run_id for record in fresh]
    keys = dict(Run.objects.filter(root=root, run_id__in=ids).values_list("run_id", "pk")) if ids else {}
    new = [(keys[record.run_id], record) for record in fresh]
    # A row without a signature was created by `add`, without tags and values.
    retagged = [(run, record) for run, record in changed if not run.signature or run.tags != record.tags]
    configured = [
        (run, record) for run, record in changed if not run.signature or run.config != record.config
    ]
    RunTag.objects.filter(run__in=[run.pk for run, _ in retagged if run.signature]).delete()
    RunParam.objects.filter(run__in=[run.pk for run, _ in configured if run.signature]).delete()
    _insert_tags(root, [*new, *((run.pk, record) for run, record in retagged)])
    _insert_params(root, [*new, *((run.pk, record) for run, record in configured)])


def _insert_tags(root: StorageRoot, records: Iterable[tuple[int, RunRecord]]) -> None:
    rows = [(root.pk, key, tag) for key, record in records for tag in record.tags]
    bulk.insert(RunTag, ("root", "run", "tag"), rows)


def _insert_params(root: StorageRoot, records: Iterable[tuple[int, RunRecord]]) -> None:
    rows = []
    for key, record in records:
        # Sorted, so that the unique index grows at its end, where SQLite fills its pages.
        flat = flatten(record.config)
        rows += [(root.pk, key, name, param.number, param.text) for name, param in sorted(flat.items())]
    bulk.insert(RunParam, ("root", "run", "key", "number", "text"), rows)
