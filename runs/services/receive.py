"""Receive runs from other hosts: uploaded files are stored where the SDK would write them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from runicorn.capture.sources import record as sources
from runicorn.json_value import JsonObject
from runicorn.settings import free_space
from runicorn.store import curation, heartbeat, layout
from runicorn.store.containment import OutsideStore, check_inside
from runicorn.store.curation import PARTS, PRIVATE, private_folder
from runicorn.store.run_files import pack_of
from runicorn.store.state.transitions import Event, Observation
from runicorn_tools.sync.fetcher import prepare_target
from runs.errors import FileConflict, FileRefused, InvalidRunId, OutsideRoot, RunNotFound
from runs.index import refresh
from runs.models import Run, StorageRoot
from runs.services import append, states, write_through

NOTES = "upload"
"""Folder in which the sender of a run keeps its state, in its own store."""


class UploadedFile(NamedTuple):
    """An uploaded file or part.

    Attributes:
        name: path relative to the run's folder.
        content: the bytes of the file or part.
        offset: position of a part.
        digest: digest of the whole file.
        size: total size in bytes; required for multipart uploads.
        project: project of a new run, unless its meta.json is upload first and names one.
        experiment: experiment name of a new run, likewise.
        owner: user who uploads a new run.
    """

    name: str
    content: bytes
    offset: int | None = None
    digest: str | None = None
    size: int | None = None
    project: str | None = None
    experiment: str | None = None
    sender: str = ""
    owner: str = ""


def store_file(*, root: StorageRoot, run_id: str, upload: UploadedFile) -> int:
    """Store a file of a run, or a part of it; return the stored size in bytes.

    The upload of a new run starts with `meta.json`, which names its project and experiment.

    Raises:
        FileRefused: the SDK writes no such file, or it is not uploaded this way.
        FileConflict: the file has another size than the sender expects, or another run has the id.
        RunNotFound: the run does not exist, and its project is unknown.
    """
    _check(upload)
    _refuse_own(root, run_id, upload.sender)
    run = refresh.refresh_run(root, run_id)
    if refresh.is_hidden(root, run_id):
        raise FileConflict(f"Another run has the id {run_id}", None)
    meta = _meta(run_id, upload.content) if upload.name == layout.META else {}
    if run is None:
        folder = _create_folder(root, run_id, upload, meta)
    else:
        folder = run.path
        if meta:
            _check_same(run, folder, meta)
    with write_through.one_file():
        try:
            size = _write(root, folder, upload)
        except append.UploadMismatch as error:
            raise FileConflict(str(error), error.size) from error
        except OutsideStore as error:
            raise OutsideRoot(run_id) from error
    _share_sources(Path(root.path), folder, upload.name)
    if run is None or not append.grows(upload.name):
        _refresh_row(root, run_id)
    return size


def describe_file(*, root: StorageRoot, run_id: str, name: str, size: int | None) -> tuple[int, str]:
    """Return the size and digest of a file of a run, or of its first `size` bytes.

    Raises:
        FileRefused: the SDK writes no such file.
        RunNotFound: the run or the file does not exist, or the file is shorter.
    """
    if not append.is_accepted(name):
        raise FileRefused("No file of this name can be uploaded to a run", "name")
    run = refresh.refresh_run(root, run_id)
    if run is None:
        raise RunNotFound(run_id)
    try:
        return append.digest_of(check_inside(run.path, run.path / name), size)
    except OSError as error:
        raise RunNotFound(run_id) from error


def record_heartbeat(*, root: StorageRoot, run_id: str) -> float:
    """Record that the sender of a run is alive, in `.heartbeat` of its folder, then in its row; return the time.

    Raises:
        RunNotFound: no run has this id.
    """
    run = Run.objects.in_root(root).filter(run_id=run_id).first()
    if run is None:
        raise RunNotFound(run_id)
    now = time.time()
    with write_through.one_file():
        heartbeat.write(run.path, now)
    Run.objects.filter(pk=run.pk).update(heartbeat=now)
    states.apply(run, Observation(Event.HEARTBEAT))
    return now


def _check(upload: UploadedFile) -> None:
    if not append.is_accepted(upload.name):
        raise FileRefused("No file of this name can be uploaded to a run", "name")
    if append.grows(upload.name):
        if upload.offset is None or upload.digest is not None:
            raise FileRefused(f"{upload.name} is append-only: offset is required", "offset")
    elif upload.digest is None:
        raise FileRefused(f"{upload.name} is uploaded as a whole: digest is required", "digest")
    elif (pack := pack_of(upload.name)) and upload.digest != f"sha256:{pack}":
        raise FileRefused("A pack of sources has the name of its digest", "name")
    elif (upload.offset is None) != (upload.size is None):
        raise FileRefused("A multipart upload requires offset and size", "size")


def _refuse_own(root: StorageRoot, run_id: str, sender: str) -> None:
    """Reject a sender whose run is in this very store: its uploads would overwrite its own files."""
    if not sender or not layout.is_run_id(run_id):
        return
    note = layout.read_json(Path(root.path, PRIVATE, NOTES, f"{run_id}.json"))[0]
    if note.get("sender") == sender:
        raise FileConflict("This run is in the store of this server already", None, same_store=True)


def _meta(run_id: str, content: bytes) -> JsonObject:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or value.get("id") != run_id:
        raise FileRefused("meta.json must be a JSON object with the id of the run", "name")
    return value


def _create_folder(root: StorageRoot, run_id: str, upload: UploadedFile, meta: dict[str, Any]) -> Path:
    if not layout.is_run_id(run_id):
        raise InvalidRunId(run_id)
    project = upload.project or meta.get("project")
    name = upload.experiment or meta.get("name")
    if project is None or name is None:
        raise RunNotFound(run_id)
    try:
        if meta.get("path") is None:
            layout.check_name(project, "project")
            layout.check_name(name, "experiment name")
            above = f"{project}/{name}/{layout.RUNS}"
        else:
            above = f"{layout.RUNS}/{layout.check_path(meta['path'])}".rstrip("/")
    except layout.InvalidName as error:
        raise FileRefused(str(error).rstrip("."), "project") from error
    if any(Path(root.path, part, layout.META).exists() for part in Path(above, run_id).parents):
        raise FileRefused("The path leads into the folder of another run", "project")
    with write_through.one_file():
        try:
            folder = prepare_target(Path(root.path), f"{above}/{run_id}/{layout.META}").parent
            if upload.owner:
                curation.set_owner(Path(root.path), folder, upload.owner)
            return folder
        except OutsideStore as error:
            raise OutsideRoot(run_id) from error


def _check_same(run: Run, folder: Path, meta: dict[str, Any]) -> None:
    mine = layout.read_json(folder / layout.META)[0]
    for key in ("project", "name", "created_at"):
        if key in mine and mine[key] != meta.get(key):
            raise FileConflict(f"Another run has the id {run.run_id}: its {key} is different", None)


def _write(root: StorageRoot, folder: Path, upload: UploadedFile) -> int:
    path = prepare_target(folder, upload.name)
    if upload.name.startswith(f"{layout.SAMPLES}/") and upload.name.endswith(".jsonl.gz"):
        size = _write_file(root, path, upload)
        if upload.size in (None, size):  # the sealed chunk stands for the one that was appended to
            path.with_suffix("").unlink(missing_ok=True)
        return size
    return _write_file(root, path, upload)


def _write_file(root: StorageRoot, path: Path, upload: UploadedFile) -> int:
    if upload.name not in layout.SMALL:
        # The first part of a large file requires the space of all of it.
        free_space.require(
            path, (upload.size or 0) if upload.offset == 0 and upload.size else len(upload.content)
        )
    if append.grows(upload.name):
        return append.add(path, upload.offset or 0, upload.content)
    digest = upload.digest or ""
    if upload.size is None:
        return append.replace(path, upload.content, digest)
    parts = check_inside(root.path, private_folder(Path(root.path)) / PARTS)
    parts.mkdir(exist_ok=True)
    return append.add_part(parts, path, digest, upload.offset or 0, upload.size, upload.content)


def _share_sources(root: Path, folder: Path, name: str) -> None:
    """Link the packs of an uploaded list that other runs have, and add an uploaded pack to the pool."""
    pack = pack_of(name)
    if name == layout.SOURCES_FILE:
        sources.settle(root, folder, sources.pool_of(root))
    elif pack and (folder / name).is_file():
        sources.adopt(sources.pool_of(root), folder / name, pack)


def _refresh_row(root: StorageRoot, run_id: str) -> None:
    run = refresh.refresh_run(root, run_id, is_own_write=True)
    if run is not None:
        write_through.touch_folders([run])
