"""Discover the runs of a storage root: scan their folders, read what changed, and update the rows.

`full` looks at every run, `tick` only at what can have changed within a second: folders that changed, running runs,
and folders that were being written when they were read. `refresh_run` reads one run on request.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import QuerySet

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.find import find, is_run
from runs.index import upsert
from runs.models import Run, StorageRoot
from runs.query import counts
from runs.store.folder_stat import assumed_state, read_state, stamp
from runs.store.reader import read_run
from runs.store.walk import YOUNG_NETWORK_SECONDS, YOUNG_SECONDS, Walk

T = TypeVar("T")

logger = logging.getLogger(__name__)

CHUNK = 200
"""Runs in one transaction: some 30 ms. More new ones are first listed by names, times and statuses alone."""
CHUNK_IN_HASTE = 500
SOON_SECONDS = 1.0
"""How long very many runs are read before new folders are scanned again."""
LOOK_SECONDS = 0.2
"""How long a request waits for a scan of another thread."""
MOST_PROBLEMS = 100
QUIET_SECONDS = 3600.0
"""A running run that wrote nothing for this long is scanned every minute only: there may be thousands of them."""


class Store:
    """State of one storage root between scans."""

    def __init__(self, root: StorageRoot) -> None:
        path = Path(root.path)
        self.walk = Walk(path, device=None if root.device is None else int(root.device))
        if _platform.is_network_filesystem(path):
            self.walk.young_seconds = YOUNG_NETWORK_SECONDS
        self.stamps: dict[str, int | None] = {}
        self.again: set[str] = set()
        """Folders that may have been read in the middle of a write."""
        self.complete = False
        self.lock = threading.Lock()


_stores: dict[tuple[int, str], Store] = {}


def store_of(root: StorageRoot) -> Store:
    """Return the scan state of a root."""
    key = (root.pk, root.path)
    if key not in _stores:
        _stores.setdefault(key, Store(root))
    return _stores[key]


def forget(root: StorageRoot) -> None:
    """Discard the scan state of a root."""
    _stores.pop((root.pk, root.path), None)


def full(root: StorageRoot) -> None:
    """Scan every run folder of the root, and delete rows whose folders were removed."""
    store = store_of(root)
    with store.lock:
        store.walk.go()
        folders = list(store.walk.runs())
        store.stamps = {folder: store.stamps.get(folder) for folder in folders}
        looked = time.monotonic()
        for chunk in _to_read(root, _touched(store, folders)):
            _process(root, store, chunk)
            if time.monotonic() - looked > SOON_SECONDS:
                _soon(root, store)
                looked = time.monotonic()
        if not store.walk.folders[""].error:
            _let_go(root, store, Run.objects.filter(root=root))
        _remember(root, store)
        store.complete = not store.walk.folders[""].error


def tick(root: StorageRoot) -> None:
    """Scan what can have changed within a second."""
    store = store_of(root)
    if not store.complete:
        full(root)
        return
    with store.lock:
        _soon(root, store)


def look_now(root: StorageRoot) -> None:
    """Update the rows of runs that began or ended before this call, at the price of a stat for each such folder.

    A store that was not listed yet is left to the background, and a database that cannot be written changes nothing.
    """
    store = store_of(root)
    if not store.complete or not store.lock.acquire(timeout=LOOK_SECONDS):
        return
    try:
        _soon(root, store)
    except DatabaseError as error:
        logger.warning("The list may be out of date: %s", error)
    finally:
        store.lock.release()


def _soon(root: StorageRoot, store: Store) -> None:
    store.walk.go()
    folders = list(store.walk.runs(store.walk.changed))
    again, store.again = store.again, set()
    for chunk in _to_read(root, [*_touched(store, folders), *again, *_running(root)]):
        _process(root, store, chunk)
    for gone in _chunks(store.walk.removed, CHUNK):
        _let_go(root, store, Run.objects.filter(root=root, folder__in=gone))


def refresh_run(root: StorageRoot, run_id: str, *, believe: bool = False) -> Run | None:
    """Return the row of a run after comparing it with its small files; None if the run is not on disk.

    A run without a row is searched for in the store.

    Args:
        root: its storage root.
        run_id: of any form.
        believe: take what is read as it is, although a broken file was written just now: by ourselves.
    """
    run = row_of(root, run_id)
    if run is None:
        return _read_again(root, run_id, find(Path(root.path), run_id), believe)
    try:
        seen = read_state(f"{root.path}/{run.folder}")
    except FileNotFoundError:
        return _moved(root, run)
    if not seen.is_run:
        return _moved(root, run)
    if seen.signature == run.signature:
        return run
    return _read_again(root, run_id, [run.folder], believe)


def refresh_runs(root: StorageRoot, run_ids: Iterable[str]) -> dict[str, Run | None]:
    """Refresh several runs, with one query for all runs whose files did not change."""
    known = {run.run_id: run for run in Run.objects.filter(root=root, run_id__in=list(run_ids))}
    return {run_id: _as_it_is(root, known.get(run_id)) or refresh_run(root, run_id) for run_id in run_ids}


def believe_runs(root: StorageRoot, runs: Iterable[Run]) -> None:
    """Read runs whose files the server has just written, in one transaction."""
    folders = [run.folder for run in runs]
    _save(root, folders, believe=True)
    present = set(Run.objects.filter(root=root, folder__in=folders).values_list("run_id", flat=True))
    for run in runs:
        if run.run_id not in present:  # removed: another folder of the same id may take its place
            refresh_run(root, run.run_id, believe=True)


def _as_it_is(root: StorageRoot, run: Run | None) -> Run | None:
    """The run, when nothing of it has changed since its row was written."""
    if run is None:
        return None
    run.root = root
    try:
        seen = read_state(f"{root.path}/{run.folder}")
    except FileNotFoundError:
        return None
    return run if seen.is_run and seen.signature == run.signature else None


def row_of(root: StorageRoot, run_id: str) -> Run | None:
    """Return the row of a run without reading its files."""
    run = Run.objects.filter(root=root, run_id=run_id).first()
    if run is not None:
        run.root = root
    return run


def _read_again(root: StorageRoot, run_id: str, folders: Iterable[str], believe: bool = False) -> Run | None:
    for folder in folders:
        _save(root, [folder], believe)
    return row_of(root, run_id)


def _moved(root: StorageRoot, run: Run) -> Run | None:
    """A run whose folder is no longer there: it was moved, or is gone, or its disk is."""
    found = find(Path(root.path), run.run_id)
    if found:
        return _read_again(root, run.run_id, found)
    walk = Walk(Path(root.path), device=None if root.device is None else int(root.device))
    walk.go()
    if not walk.certain(run.folder):
        return run
    remove(root, [run.pk])
    return None


def _touched(store: Store, folders: Iterable[str]) -> Iterator[str]:
    root = store.walk.root
    for folder in folders:
        now = stamp(f"{root}/{folder}")
        if now is not None and store.stamps.get(folder) != now:
            yield folder


def _running(root: StorageRoot) -> list[str]:
    recent = time.time() - QUIET_SECONDS
    runs = Run.objects.filter(root=root, status=layout.RUNNING, deleted=None, updated__gt=recent)
    return list(runs.values_list("folder", flat=True))


def _to_read(root: StorageRoot, folders: Iterable[str]) -> Iterator[list[str]]:
    """The folders in chunks, newest first; very many new ones are in the list before the first is read in full."""
    ordered = sorted(set(folders), key=_run_id, reverse=True)
    if len(ordered) > CHUNK:
        known = set(Run.objects.filter(root=root).values_list("run_id", flat=True).iterator())
        _list_in_haste(root, [folder for folder in reversed(ordered) if _run_id(folder) not in known])
    return _chunks(ordered, CHUNK)


def _list_in_haste(root: StorageRoot, folders: Iterable[str]) -> None:
    for chunk in _chunks(folders, CHUNK_IN_HASTE):
        paths = {folder: f"{root.path}/{folder}" for folder in chunk}
        runs = [folder for folder in chunk if is_run(Path(paths[folder]))]
        upsert.add(root, [read_run(root.path, folder, assumed_state(paths[folder]))[0] for folder in runs])


def _process(root: StorageRoot, store: Store, chunk: list[str]) -> None:
    """Read what differs from its row, and note what has been seen of each folder."""
    # Taken before the reading: what changes after it is seen as changed next time.
    stamps = {folder: stamp(f"{store.walk.root}/{folder}") for folder in chunk}
    settled = _save(root, chunk)
    store.stamps.update({folder: stamps[folder] for folder in settled})
    store.again.update(folder for folder in chunk if folder not in settled and stamps[folder] is not None)


def _save(root: StorageRoot, folders: list[str], believe: bool = False) -> set[str]:
    """Read the folders that differ from their rows and save them; the answer is those that need no second look."""
    # Of two folders with one id the second has its turn when the first has its row.
    first = {_run_id(folder): folder for folder in folders}
    second = [folder for folder in folders if first[_run_id(folder)] != folder]
    saved = _save_each(root, first.values(), believe)
    return saved | _save(root, second, believe) if second else saved


def _save_each(root: StorageRoot, folders: Iterable[str], believe: bool) -> set[str]:
    known = _known(root, folders)
    readings, same, gone = [], set(), []
    for folder in folders:
        mine, signature = known.get(_run_id(folder), (None, None))
        path = f"{root.path}/{folder}"
        try:
            seen = read_state(path)
            if mine == folder and not seen.is_run:
                gone.append(folder)
            elif not seen.is_run or (seen.problem and mine is None):
                same |= {folder} if _is_old(path) else set()
            elif mine == folder and signature == seen.signature:
                same.add(folder)
            elif mine == folder and seen.problem:
                upsert.set_unreadable(root, folder, seen)
                same.add(folder)
            else:
                record, settled = read_run(root.path, folder, seen)
                readings.append(upsert.ReadRecord(record, settled or believe, signature))
        except FileNotFoundError:
            continue
    try:
        saved = upsert.save(root, readings) if readings else set()
    except IntegrityError:
        # Another process was first to insert one of them (PostgreSQL has no single writer).
        logger.info("Another process listed the same runs at the same moment")
        saved = set()
    for run in Run.objects.filter(root=root, folder__in=gone) if gone else ():
        remove(root, [run.pk])
        _save(root, run.other_folders, believe)
    unsettled = {reading.record.folder for reading in readings if not reading.settled}
    return same | (saved - unsettled)


def _known(root: StorageRoot, folders: Iterable[str]) -> dict[str, tuple[str, str]]:
    ids = [_run_id(folder) for folder in folders]
    runs = Run.objects.filter(root=root, run_id__in=ids).values_list("run_id", "folder", "signature")
    return {run_id: (folder, signature) for run_id, folder, signature in runs}


def _let_go(root: StorageRoot, store: Store, runs: QuerySet[Run]) -> None:
    """Remove those rows whose folder is certainly gone; of a doubled run the next folder takes over."""
    present = set(store.walk.runs())
    gone: list[int] = []
    heirs: list[str] = []
    changed: list[tuple[int, list[str]]] = []
    for key, folder, others in runs.values_list("pk", "folder", "other_folders").iterator():
        alive = [other for other in others if other in present]
        if folder in present:
            if len(alive) < len(others):
                changed.append((key, alive))
        elif store.walk.certain(folder) and not _is_there(store, folder):
            heirs += alive
            if not alive:
                gone.append(key)
    # Written only now: SQLite refuses to write on a connection that is still reading an older state.
    for key, alive in changed:
        upsert.set_others(key, alive)
    for folder in heirs:
        _save(root, [folder])
    for chunk in _chunks(gone, 10):
        remove(root, chunk)


def _is_there(store: Store, folder: str) -> bool:
    path = store.walk.root / folder
    return is_run(path) and not path.is_symlink()


def _is_old(path: str) -> bool:
    """Whether nothing came into a folder just now: a new run gets its first file any moment."""
    try:
        return abs(time.time() - os.lstat(path).st_mtime) > YOUNG_SECONDS
    except OSError:
        return True


def remove(root: StorageRoot, keys: list[int]) -> None:
    """Remove the rows of runs and all that hangs on them."""
    with transaction.atomic():
        Run.objects.filter(pk__in=keys).delete()
        counts.changed(root)


def _remember(root: StorageRoot, store: Store) -> None:
    top = store.walk.folders[""]
    root.listed_at, root.problems = time.time(), store.walk.problems()[:MOST_PROBLEMS]
    if not top.error:
        root.device = top.device
    root.save(update_fields=["listed_at", "problems", "device"])


def _run_id(folder: str) -> str:
    return folder.rpartition("/")[2]


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
