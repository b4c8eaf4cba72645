"""Read run folders into records; a malformed file costs its fields and adds a warning."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runicorn.json_value import JsonObject
from runicorn.store import heartbeat, layout, metric_rules
from runicorn.store.assets import settings_of
from runicorn.store.curation import COLOR, NOTE_LENGTH
from runicorn.store.state import EVIDENCE, LONGEST_TEXT, STATE, State, evidence_in
from runicorn.store.state.reasons import explain
from runicorn.store.state.transitions import Standing, follow
from runicorn_tools.analysis import replicas
from runs.store.folder_stat import FolderState, read_state
from runs.store.json_fields import Fields, unique_texts
from runs.store.metric_stats import score
from runs.store.sanitize import Cleaner, clean_text

if TYPE_CHECKING:
    # At run time it would load the responses of all routes.
    from runicorn.api.responses.runs import Evidence

UNKNOWN = "unknown"
"""Status of a run without a status."""
UNSETTLED_SECONDS = 2.0
"""A malformed file this young may be in the middle of a write in place (by Runicorn 0.5) and is read again."""
TAG_LENGTH = 255
DISPLAY_NAME_LENGTH = 255
OWNER_LENGTH = 150
STATE_REASON_LENGTH = 1000


def _no_evidence() -> Evidence:
    return {}


@dataclass(slots=True)
class RunRecord:
    """Content of the small files of one run folder, by the fields of the row."""

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
    state: str = State.INTERRUPTED.value
    state_reason: str | None = None
    evidence: Evidence = field(default_factory=_no_evidence)
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
    display_name: str | None = None
    owner: str | None = None
    color: str | None = None
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
    replica_key: str | None = None
    metric_rules: dict[str, Any] | None = None

    @property
    def best_score(self) -> float | None:
        """The best value of the primary metric such that more is better."""
        return score(self.best_metric_value, self.best_metric_mode)


class FolderReader:
    """Reader of one folder: its path, its state, and the warnings so far."""

    def __init__(self, path: str, state: FolderState) -> None:
        self.path = path
        self.state = state
        self.warnings = [state.problem] if state.problem else []
        self.broken = bool(state.problem)
        self._contents: dict[str, JsonObject] = {}

    def small(self, name: str) -> Fields:
        """Return the fields of a small file; none if it is missing."""
        return Fields(name, self.content(name), self.warnings)

    def cleaned(self, name: str, convert: Callable[[JsonObject], JsonObject] = dict) -> JsonObject:
        """Return the object in a small file, cleaned so that it can be stored and serialized."""
        cleaner = Cleaner()
        value = cleaner.clean(convert(self.content(name)))
        self.warnings += cleaner.sentences(name)
        return value

    def content(self, name: str) -> JsonObject:
        """Return the object in a small file, which is read once."""
        if name not in self._contents:
            self._contents[name] = self._read(name)
        return self._contents[name]

    def _read(self, name: str) -> JsonObject:
        if name not in self.state.names:
            return {}
        value, problem = layout.read_json(f"{self.path}/{name}")
        if problem:
            self.warnings.append(problem)
            self.broken = True
        return value


def read_run(root: str, folder: str, state: FolderState) -> tuple[RunRecord, bool]:
    """Read a folder; return its record, and whether it is settled, that is not being written.

    Args:
        folder: the run's folder relative to it, with forward slashes.
        state: of the folder before the read; only the files in it are read.
    """
    reader = FolderReader(f"{root}/{folder}", state)
    meta, status = reader.small(layout.META), reader.small(layout.STATUS)
    record = _identity(reader, folder, meta, status)
    _process(record, meta)
    _state(reader, record, status)
    _outcome(reader, record)
    _curation(reader, record, meta)
    _deletion(reader, record)
    record.environment_available = bool(reader.small(layout.ENVIRONMENT))
    record.artifacts_created_count = _artifacts(reader.small(layout.ARTIFACTS_CREATED))
    record.artifacts_used_count = _artifacts(reader.small(layout.ARTIFACTS_USED))
    record.metric_rules = metric_rules.clean(meta.get(metric_rules.KEY)) or None
    if state.signature:
        rules = replicas.rules_of(root, record.project)
        record.replica_key = replicas.key_of_files(reader.content, rules)
    record.stored_bytes = _stored_bytes(reader.path, state) if state.signature else None
    record.warnings = reader.warnings
    return record, _is_settled(reader)


def _stored_bytes(path: str, state: FolderState) -> int:
    """Return the total size of all files of a run; those of Runicorn were just listed."""
    total = state.size
    for name in state.others:
        other = f"{path}/{name}"
        try:
            about = os.stat(other, follow_symlinks=False)
        except OSError:  # removed since
            continue
        total += folder_bytes(other) if stat.S_ISDIR(about.st_mode) else about.st_size
    return total


def folder_bytes(folder: str) -> int:
    """Return the total size of all files below a folder; links are not followed."""
    total, inner = 0, []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    inner.append(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    except OSError:  # counts as nothing; the state of the folder has the reason
        return total
    return total + sum(map(folder_bytes, inner))


def _is_settled(reader: FolderReader) -> bool:
    if not reader.broken and {layout.META, layout.STATUS} <= reader.state.names:
        return True
    touched = reader.state.touched or _folder_time(reader.path)
    return abs(time.time() - touched) > UNSETTLED_SECONDS


def _identity(reader: FolderReader, folder: str, meta: Fields, status: Fields) -> RunRecord:
    parts = folder.split("/")
    project, name = _place(reader, folder, meta)
    state = reader.state
    if layout.META not in state.names and not state.problem:
        reader.warnings.append("meta.json is missing: project, name and start are taken from the folder.")
    created = meta.time("created_at") or status.time("started_at")
    created = created or _time_in(parts[-1]) or state.written or _folder_time(reader.path)
    return RunRecord(
        run_id=parts[-1],
        folder=folder,
        project=project,
        name=name,
        created=created,
        updated=max(state.written, created),
        signature=state.signature,
        journal_bytes=state.journal_bytes,
        group=meta.text("group", 255) or "",
    )


def _place(reader: FolderReader, folder: str, meta: Fields) -> tuple[str, str]:
    """Return project and name of a run: those of its path if it has them, else those in meta.json."""
    path = layout.path_of_folder(folder)
    if path is None:
        project, name = folder.split("/")[:2]
    else:
        project, name = (clean_text(part, 255) for part in layout.names_of_path(path))
        if meta.get("path") is not None:
            try:
                return layout.names_of_path(layout.check_path(meta.get("path")))
            except layout.InvalidName as error:
                reader.warnings.append(f"meta.json: {clean_text(str(error), 120)}")
                return project, name
    return _name(reader, meta, "project", project), _name(reader, meta, "name", name)


def project_of_folder(root: str, folder: str) -> str:
    """Return the project of a run that was not moved to another one."""
    reader = FolderReader(f"{root}/{folder}", read_state(f"{root}/{folder}"))
    return _place(reader, folder, reader.small(layout.META))[0]


def _name(reader: FolderReader, meta: Fields, key: str, folder_name: str) -> str:
    """Return the name in meta.json, unless it would be unusable in a path or URL."""
    value = meta.get(key)
    if value is None:
        return folder_name
    try:
        return layout.check_name(value, key)
    except layout.InvalidName:
        display = clean_text(value, 60) if isinstance(value, str) else type(value).__name__
        reader.warnings.append(f"meta.json has {display!r} for {key}, which is no valid name.")
        return folder_name


def _time_in(run_id: str) -> float | None:
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
    record.pid = meta.integer("pid")
    record.process_start = meta.number("process_start")
    record.hostname = meta.text("hostname", 255) or ""
    record.machine_id = meta.text("machine_id", 128) or ""
    record.boot_id = meta.text("boot_id", 128) or ""
    record.pid_namespace = meta.text("pid_namespace", 128) or ""


def _state(reader: FolderReader, record: RunRecord, status: Fields) -> None:
    word = status.get("status")
    if isinstance(word, str) and word:
        record.status = clean_text(word, 64)
    elif status:
        reader.warnings.append("status.json has no status.")
    elif layout.STATUS not in reader.state.names and not reader.state.problem:
        reader.warnings.append("status.json is missing: how the run ended is unknown.")
    record.started, ended = status.time("started_at"), status.time("ended_at")
    record.exit_reason = status.text("exit_reason", 255) or None
    record.records_written, record.records_unwritten, record.journal_end = (
        status.count(key) for key in ("records_written", "records_missing", "journal_bytes")
    )
    if record.status == layout.RUNNING:
        record.heartbeat = heartbeat.read(reader.path)
    _refine_state(record, status)
    if record.status == layout.RUNNING:
        return
    record.ended = ended
    if record.started is not None and ended is not None and ended >= record.started:
        record.duration = ended - record.started


def _refine_state(record: RunRecord, status: Fields) -> None:
    """Set the state, its sentence and its evidence; a run without a recent heartbeat is lost."""
    about = {"status": record.status, "exit_reason": record.exit_reason, STATE: status.get(STATE)}
    standing = Standing.of(about)
    state = standing.state
    record.evidence = evidence_in({EVIDENCE: status.get(EVIDENCE)})
    for key, value in record.evidence.items():
        if isinstance(value, str):
            record.evidence[key] = clean_text(value, LONGEST_TEXT)  # type: ignore[literal-required]
    silence = heartbeat.observe(record.heartbeat, time.time())
    if silence and (change := follow(standing, silence)):
        state, record.evidence = change.state, change.evidence
    sentence = explain(state, record.status, record.exit_reason, record.evidence)
    record.state = state.value
    record.state_reason = clean_text(str(sentence), STATE_REASON_LENGTH) if sentence else None


def _outcome(reader: FolderReader, record: RunRecord) -> None:
    record.config = reader.cleaned(layout.ASSETS, settings_of) | reader.cleaned(layout.CONFIG)
    record.summary = reader.cleaned(layout.SUMMARY)
    summary = Fields(layout.SUMMARY, record.summary, reader.warnings)
    record.best_metric_name = summary.text("best_metric_name", 255) or None
    record.best_metric_value = summary.number("best_metric_value")
    record.best_metric_step = summary.integer("best_metric_step")
    record.best_metric_mode = summary.one_of("best_metric_mode", "max", "min")


def _curation(reader: FolderReader, record: RunRecord, meta: Fields) -> None:
    curation = reader.small(layout.CURATION)
    meta_tags, meta_description = meta.texts("tags", TAG_LENGTH), meta.text("notes", NOTE_LENGTH)
    if alias := meta.text("alias", TAG_LENGTH):  # of 0.6 and 0.7
        meta_tags = unique_texts([alias, *(meta_tags or [])], TAG_LENGTH)
    tags = curation.texts("tags", TAG_LENGTH)
    record.tags = (meta_tags or []) if tags is None else tags
    description = curation.text("description", NOTE_LENGTH)
    record.description = (meta_description or "") if description is None else description
    record.pinned, record.archived = curation.flag("pinned"), curation.flag("archived")
    names = (fields.text("display_name", DISPLAY_NAME_LENGTH) for fields in (curation, meta))
    record.display_name = next(filter(None, names), None)
    record.owner = curation.text("owner", OWNER_LENGTH) or None
    record.project = _moved_to(curation) or record.project
    color = curation.text("color", 7) or ""
    record.color = color if COLOR.fullmatch(color) else None


def _moved_to(curation: Fields) -> str | None:
    """Return the project that a user moved the run to."""
    try:
        return layout.check_name(curation.get("project"), "project") if curation.get("project") else None
    except layout.InvalidName:
        return None


def clean_tags(tags: list[Any]) -> list[str]:
    """Return tags in their stored form."""
    return unique_texts(tags, TAG_LENGTH)


def _deletion(reader: FolderReader, record: RunRecord) -> None:
    if layout.DELETED not in reader.state.names:
        return
    marker = reader.small(layout.DELETED)
    # The file's existence alone marks the run as deleted: a torn file must not restore it.
    record.deleted = marker.time("deleted_at") or reader.state.touched or record.created
    record.delete_reason = marker.text("reason", 255) or "user_deleted"
    record.original_status = marker.text("original_status", 64) or record.status


def _artifacts(content: Fields) -> int:
    """Return the number of named artifacts in a list; nameless ones are not shown either."""
    entries = content.items("artifacts") or []
    count = sum(isinstance(entry, dict) and bool(clean_text(entry.get("name"), 255)) for entry in entries)
    if nameless := len(entries) - count:
        content.warn(f"{nameless} of its artifacts {'has' if nameless == 1 else 'have'} no name")
    return count
