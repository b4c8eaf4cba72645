"""Run folders read into records: pure, tolerant of whatever lies there, and open about what is wrong with it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runicorn.store import heartbeat, layout
from runicorn.store.assets import settings_of
from runs.store.folder_stat import Look
from runs.store.json_fields import Fields, unique_texts
from runs.store.sanitize import Cleaner, clean_text

UNKNOWN = "unknown"
"""The status of a run that says nothing about itself."""
UNSETTLED_SECONDS = 2.0
"""A broken file this young is being written in place (Runicorn 0.5 does) and is read again before it is believed."""
TAG_LENGTH = 255
DESCRIPTION_LENGTH = 100_000


@dataclass(slots=True)
class RunRecord:
    """What the small files of one run folder say; the fields are those of the row."""

    run_id: str
    folder: str
    project: str
    name: str
    created: float
    updated: float
    signature: str
    journal_bytes: int
    status: str = UNKNOWN
    warnings: list[str] = field(default_factory=list)
    group: str = ""
    exit_reason: str | None = None
    started: float | None = None
    ended: float | None = None
    heartbeat: float | None = None
    duration: float | None = None
    pid: int | None = None
    process_start: float | None = None
    hostname: str = ""
    machine_id: str = ""
    boot_id: str = ""
    pid_namespace: str = ""
    best_metric_name: str | None = None
    best_metric_value: float | None = None
    best_metric_step: int | None = None
    best_metric_mode: str | None = None
    description: str = ""
    tags: list[str] = field(default_factory=list)
    pinned: bool = False
    archived: bool = False
    summary: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    environment_available: bool = False
    artifacts_created_count: int = 0
    artifacts_used_count: int = 0
    journal_end: int | None = None
    records_written: int | None = None
    records_unwritten: int | None = None
    stored_bytes: int | None = None
    deleted: float | None = None
    delete_reason: str = ""
    original_status: str = ""


class Reading:
    """A reading in progress: the folder, what its listing told, and the sentences so far."""

    def __init__(self, path: str, seen: Look) -> None:
        self.path = path
        self.seen = seen
        self.warnings = [seen.problem] if seen.problem else []
        self.broken = bool(seen.problem)

    def small(self, name: str) -> Fields:
        """The fields of a small file, none where there is no such file."""
        return Fields(name, self._object(name), self.warnings)

    def cleaned(
        self, name: str, convert: Callable[[dict[str, Any]], dict[str, Any]] = dict
    ) -> dict[str, Any]:
        """The object in a small file in a form that can be stored and answered."""
        cleaner = Cleaner()
        value = cleaner.clean(convert(self._object(name)))
        self.warnings += cleaner.sentences(name)
        return value

    def _object(self, name: str) -> dict[str, Any]:
        if name not in self.seen.names:
            return {}
        value, problem = layout.read_json(f"{self.path}/{name}")
        if problem:
            self.warnings.append(problem)
            self.broken = True
        return value


def read_run(root: str, folder: str, seen: Look) -> tuple[RunRecord, bool]:
    """What the folder says, and whether it is settled: not in the middle of being written.

    Args:
        root: the storage root.
        folder: the run's folder relative to it, with forward slashes.
        seen: a look at the folder taken before; only the files that it names are read.
    """
    reading = Reading(f"{root}/{folder}", seen)
    meta, status = reading.small(layout.META), reading.small(layout.STATUS)
    record = _identity(reading, folder, meta, status)
    _process(record, meta)
    _state(reading, record, status)
    _outcome(reading, record)
    _curation(reading, record, meta)
    _deletion(reading, record)
    record.environment_available = bool(reading.small(layout.ENVIRONMENT))
    record.artifacts_created_count = _artifacts(reading, layout.ARTIFACTS_CREATED)
    record.artifacts_used_count = _artifacts(reading, layout.ARTIFACTS_USED)
    record.stored_bytes = folder_bytes(reading.path) if seen.signature else None
    record.warnings = reading.warnings
    return record, _is_settled(reading)


def folder_bytes(folder: str) -> int:
    """The sizes of all files of a folder and of the folders in it together; links are not followed."""
    total, inner = 0, []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    inner.append(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    except OSError:  # what cannot be seen now counts as nothing; the look at the folder says why
        return total
    return total + sum(map(folder_bytes, inner))


def _is_settled(reading: Reading) -> bool:
    if not reading.broken and {layout.META, layout.STATUS} <= reading.seen.names:
        return True
    touched = reading.seen.touched or _folder_time(reading.path)
    return abs(time.time() - touched) > UNSETTLED_SECONDS


def _identity(reading: Reading, folder: str, meta: Fields, status: Fields) -> RunRecord:
    parts = folder.split("/")
    project, name = _place(reading, folder, meta)
    seen = reading.seen
    if layout.META not in seen.names and not seen.problem:
        reading.warnings.append("meta.json is missing: project, name and start are taken from the folder.")
    created = meta.time("created_at") or status.time("started_at")
    created = created or _time_in(parts[-1]) or seen.written or _folder_time(reading.path)
    return RunRecord(
        run_id=parts[-1],
        folder=folder,
        project=project,
        name=name,
        created=created,
        updated=max(seen.written, created),
        signature=seen.signature,
        journal_bytes=seen.journal_bytes,
        group=meta.text("group", 255) or "",
    )


def _place(reading: Reading, folder: str, meta: Fields) -> tuple[str, str]:
    """The project and the name of a run: those of its path if it has one, else those that meta.json gives."""
    path = layout.path_of_folder(folder)
    if path is None:
        project, name = folder.split("/")[:2]
    else:
        project, name = (clean_text(part, 255) for part in layout.names_of_path(path))
        if meta.get("path") is not None:
            try:
                return layout.names_of_path(layout.check_path(meta.get("path")))
            except layout.InvalidName as error:
                reading.warnings.append(f"meta.json: {clean_text(str(error), 120)}")
                return project, name
    return _name(reading, meta, "project", project), _name(reading, meta, "name", name)


def _name(reading: Reading, meta: Fields, key: str, folder_name: str) -> str:
    """The name that meta.json gives, unless nothing could be found under it."""
    value = meta.get(key)
    if value is None:
        return folder_name
    try:
        return layout.check_name(value, key)
    except layout.InvalidName:
        shown = clean_text(value, 60) if isinstance(value, str) else type(value).__name__
        reading.warnings.append(f"meta.json has {shown!r} for {key}, which is no valid name.")
        return folder_name


def _time_in(run_id: str) -> float | None:
    """The local time in a generated id."""
    if not re.match(r"\d{8}_\d{6}_", run_id):
        return None
    try:
        return time.mktime(time.strptime(run_id[:15], "%Y%m%d_%H%M%S"))
    except (ValueError, OverflowError):
        return None


def _folder_time(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _process(record: RunRecord, meta: Fields) -> None:
    record.pid = meta.whole("pid")
    record.process_start = meta.number("process_start")
    record.hostname = meta.text("hostname", 255) or ""
    record.machine_id = meta.text("machine_id", 128) or ""
    record.boot_id = meta.text("boot_id", 128) or ""
    record.pid_namespace = meta.text("pid_namespace", 128) or ""


def _state(reading: Reading, record: RunRecord, status: Fields) -> None:
    word = status.get("status")
    if isinstance(word, str) and word:
        record.status = clean_text(word, 64)
    elif status:
        reading.warnings.append("status.json does not say how the run is.")
    elif layout.STATUS not in reading.seen.names and not reading.seen.problem:
        reading.warnings.append("status.json is missing: how the run ended is not known.")
    record.started, ended = status.time("started_at"), status.time("ended_at")
    record.exit_reason = status.text("exit_reason", 255) or None
    record.records_written, record.records_unwritten, record.journal_end = (
        status.count(key) for key in ("records_written", "records_missing", "journal_bytes")
    )
    if record.status == layout.RUNNING:
        record.heartbeat = heartbeat.read(reading.path)
        return
    record.ended = ended
    if record.started is not None and ended is not None and ended >= record.started:
        record.duration = ended - record.started


def _outcome(reading: Reading, record: RunRecord) -> None:
    record.config = reading.cleaned(layout.ASSETS, settings_of) | reading.cleaned(layout.CONFIG)
    record.summary = reading.cleaned(layout.SUMMARY)
    summary = Fields(layout.SUMMARY, record.summary, reading.warnings)
    record.best_metric_name = summary.text("best_metric_name", 255) or None
    record.best_metric_value = summary.number("best_metric_value")
    record.best_metric_step = summary.whole("best_metric_step")
    record.best_metric_mode = summary.one_of("best_metric_mode", "max", "min")


def _curation(reading: Reading, record: RunRecord, meta: Fields) -> None:
    curation = reading.small(layout.CURATION)
    noted, described = meta.texts("tags", TAG_LENGTH), meta.text("notes", DESCRIPTION_LENGTH)
    if alias := meta.text("alias", TAG_LENGTH):  # of 0.6 and 0.7
        noted = unique_texts([alias, *(noted or [])], TAG_LENGTH)
    tags = curation.texts("tags", TAG_LENGTH)
    record.tags = (noted or []) if tags is None else tags
    description = curation.text("description", DESCRIPTION_LENGTH)
    record.description = (described or "") if description is None else description
    record.pinned, record.archived = curation.flag("pinned"), curation.flag("archived")


def clean_tags(tags: list[Any]) -> list[str]:
    """The tags of a list as they are stored."""
    return unique_texts(tags, TAG_LENGTH)


def _deletion(reading: Reading, record: RunRecord) -> None:
    if layout.DELETED not in reading.seen.names:
        return
    marker = reading.small(layout.DELETED)
    # The file alone deletes the run: one that is torn must not bring it back.
    record.deleted = marker.time("deleted_at") or reading.seen.touched or record.created
    record.delete_reason = marker.text("reason", 255) or "user_deleted"
    record.original_status = marker.text("original_status", 64) or record.status


def _artifacts(reading: Reading, file: str) -> int:
    """How many artifacts a list names: those without a name are not shown either."""
    content = reading.small(file)
    entries = content.items("artifacts") or []
    named = sum(isinstance(entry, dict) and bool(clean_text(entry.get("name"), 255)) for entry in entries)
    if nameless := len(entries) - named:
        content.tell(f"{nameless} of its artifacts {'has' if nameless == 1 else 'have'} no name")
    return named
