"""Runs that are logged from another machine: their files come over HTTP and land where the library would write them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from runicorn.json_value import JsonObject
from runicorn.settings import free_space
from runicorn.store import heartbeat, layout
from runicorn.store.containment import OutsideStore, check_inside
from runicorn.store.curation import PARTS, PRIVATE, private_folder
from runicorn.sync.fetcher import prepare_target
from runs.errors import FileConflict, FileRefused, InvalidRunId, OutsideRoot, RunNotFound
from runs.index import refresh
from runs.models import Run, StorageRoot
from runs.services import append, write_through

NOTES = "upload"
"""The folder of what the sender of a run remembers, in the sender's own store."""


class Sent(NamedTuple):
    """What a request brings.

    Attributes:
        name: of the file, relative to the run's folder.
        content: its bytes, or a part of them.
        offset: where a part belongs.
        digest: of the whole file.
        size: bytes of the whole file, where it comes in parts.
        project: where a new run belongs, unless its meta.json comes first and says so.
        experiment: likewise.
        sender: what the sender of the run calls itself.
    """

    name: str
    content: bytes
    offset: int | None = None
    digest: str | None = None
    size: int | None = None
    project: str | None = None
    experiment: str | None = None
    sender: str = ""


def take_file(*, root: StorageRoot, run_id: str, sent: Sent) -> int:
    """Put a file of a run, or a part of it, where it belongs; the bytes that are there then.

    Of a run that is not there `meta.json` comes first, and says to which project and experiment it belongs.

    Raises:
        FileRefused: the library has no such file, or it is not sent like that.
        FileConflict: another size is there than the sender believes, or another run.
        InvalidRunId: a new run cannot have this id.
        RunNotFound: there is no such run, and nobody says where it belongs.
        OutsideRoot: a link leads out of the storage root.
        ReadOnlyStore, NotWritten: nothing was written.
    """
    _check(sent)
    _refuse_own(root, run_id, sent.sender)
    run = refresh.refresh_run(root, run_id)
    about = _meta(run_id, sent.content) if sent.name == layout.META else {}
    if run is None:
        folder = _place(root, run_id, sent, about)
    else:
        folder = run.path
        if about:
            _check_same(run, folder, about)
    with write_through.one_file():
        try:
            size = _land(root, folder, sent)
        except append.Misplaced as error:
            raise FileConflict(str(error), error.size) from error
        except OutsideStore as error:
            raise OutsideRoot(run_id) from error
    if run is None or not append.grows(sent.name):
        _tell(root, run_id)
    return size


def describe_file(*, root: StorageRoot, run_id: str, name: str, size: int | None) -> tuple[int, str]:
    """The size and the digest of a file of a run, or of its first `size` bytes.

    Raises:
        FileRefused: the library has no such file.
        RunNotFound: there is no such run, no such file, or it is shorter.
        OutsideRoot: a link leads out of the storage root.
    """
    if not append.is_taken(name):
        raise FileRefused("A run has no file of this name that is taken from another machine", "name")
    run = refresh.refresh_run(root, run_id)
    if run is None:
        raise RunNotFound(run_id)
    try:
        return append.digest_of(check_inside(run.path, run.path / name), size)
    except OSError as error:
        raise RunNotFound(run_id) from error


def take_heartbeat(*, root: StorageRoot, run_id: str) -> float:
    """Note that the sender of a run is alive: in the file `.heartbeat` of its folder, then in its row; the time.

    Raises:
        RunNotFound: there is no such run.
        OutsideRoot: a link leads out of the storage root.
        ReadOnlyStore, NotWritten: nothing was written.
    """
    run = Run.objects.in_root(root).filter(run_id=run_id).first()
    if run is None:
        raise RunNotFound(run_id)
    now = time.time()
    with write_through.one_file():
        heartbeat.write(run.path, now)
    Run.objects.filter(pk=run.pk).update(heartbeat=now)
    return now


def _check(sent: Sent) -> None:
    if not append.is_taken(sent.name):
        raise FileRefused("A run has no file of this name that is taken from another machine", "name")
    if append.grows(sent.name):
        if sent.offset is None or sent.digest is not None:
            raise FileRefused(f"{sent.name} only grows: say at which offset", "offset")
    elif sent.digest is None:
        raise FileRefused(f"{sent.name} is sent as a whole: say its digest", "digest")
    elif (sent.offset is None) != (sent.size is None):
        raise FileRefused("A file that comes in parts needs offset and size", "size")


def _refuse_own(root: StorageRoot, run_id: str, sender: str) -> None:
    """The program that writes the run writes into this very store: sending would overwrite what it writes."""
    if not sender or not layout.is_run_id(run_id):
        return
    note = layout.read_json(Path(root.path, PRIVATE, NOTES, f"{run_id}.json"))[0]
    if note.get("sender") == sender:
        raise FileConflict("This run lies in the store of this server already", None, same_store=True)


def _meta(run_id: str, content: bytes) -> JsonObject:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or value.get("id") != run_id:
        raise FileRefused("meta.json must be a JSON object with the id of the run", "name")
    return value


def _place(root: StorageRoot, run_id: str, sent: Sent, about: dict[str, Any]) -> Path:
    """The folder of a new run, made."""
    if not layout.is_run_id(run_id):
        raise InvalidRunId(run_id)
    project = sent.project or about.get("project")
    name = sent.experiment or about.get("name")
    if project is None or name is None:
        raise RunNotFound(run_id)
    try:
        if about.get("path") is None:
            layout.check_name(project, "project")
            layout.check_name(name, "experiment name")
            above = f"{project}/{name}/{layout.RUNS}"
        else:
            above = f"{layout.RUNS}/{layout.check_path(about['path'])}".rstrip("/")
    except layout.InvalidName as error:
        raise FileRefused(str(error).rstrip("."), "project") from error
    with write_through.one_file():
        try:
            return prepare_target(Path(root.path), f"{above}/{run_id}/{layout.META}").parent
        except OutsideStore as error:
            raise OutsideRoot(run_id) from error


def _check_same(run: Run, folder: Path, about: dict[str, Any]) -> None:
    mine = layout.read_json(folder / layout.META)[0]
    for key in ("project", "name", "created_at"):
        if key in mine and mine[key] != about.get(key):
            raise FileConflict(f"Another run has the id {run.run_id}: its {key} is not the same", None)


def _land(root: StorageRoot, folder: Path, sent: Sent) -> int:
    path = prepare_target(folder, sent.name)
    if sent.name not in layout.SMALL:
        # The first part of a large file asks for the room of all of it.
        free_space.require(path, (sent.size or 0) if sent.offset == 0 and sent.size else len(sent.content))
    if append.grows(sent.name):
        return append.add(path, sent.offset or 0, sent.content)
    digest = sent.digest or ""
    if sent.size is None:
        return append.replace(path, sent.content, digest)
    parts = check_inside(root.path, private_folder(Path(root.path)) / PARTS)
    parts.mkdir(exist_ok=True)
    return append.add_part(parts, path, digest, sent.offset or 0, sent.size, sent.content)


def _tell(root: StorageRoot, run_id: str) -> None:
    run = refresh.refresh_run(root, run_id, is_own_write=True)
    if run is not None:
        write_through.touch_folders([run])
