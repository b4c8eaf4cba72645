"""Discovery of runs: scan the folders of a storage root, read what changed, and update the rows.

`full` looks at every run, `tick` only at what can have changed within a second: folders that changed, running runs,
and folders that were being written when they were read.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.db import DatabaseError
from django.db.models import F, QuerySet

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.find import is_run
from runs.index import upsert
from runs.index.folders import id_of, remove, save_folders
from runs.models import Run, StorageRoot
from runs.store.folder_stat import assumed_state, stamp
from runs.store.reader import read_run
from runs.store.walk import YOUNG_NETWORK_SECONDS, Walk

T = TypeVar("T")

logger = logging.getLogger(__name__)

CHUNK = 200
"""Runs per transaction, about 30 ms. More new ones are first listed by name, time and status only."""
PRELIMINARY_CHUNK = 500
SOON_SECONDS = 1.0
"""How long new runs are read before the folders are scanned again."""
LOOK_SECONDS = 0.2
"""How long a request waits for a scan by another thread."""
MOST_PROBLEMS = 100
QUIET_SECONDS = 3600.0
"""A running run that wrote nothing for this long is scanned once a minute: there may be thousands of them."""
FULL_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 600.0
PAUSE_FACTOR = 20
"""Pause after a scan of everything, in its durations: that of a million runs takes ten seconds."""


class Store:
    """State of one storage root between scans."""

    def __init__(self, root: StorageRoot) -> None:
        path = Path(root.path)
        self.walk = Walk(path, device=None if root.device is None else int(root.device))
        if _platform.is_network_filesystem(path):
            self.walk.young_seconds = YOUNG_NETWORK_SECONDS
        self.stamps: dict[str, dict[str, int | None]] = defaultdict(dict)
        """Stamps of run folders by parent and name, which need less memory than whole paths."""
        self.again: set[str] = set()
        """Folders that may have been read during a write."""
        self.complete = False
        self.lock = threading.Lock()


_stores: dict[tuple[int, str], Store] = {}


def store_of(root: StorageRoot) -> Store:
    key = (root.pk, root.path)
    if key not in _stores:
        _stores.setdefault(key, Store(root))
    return _stores[key]


def forget(root: StorageRoot) -> None:
    _stores.pop((root.pk, root.path), None)


def full(root: StorageRoot) -> None:
    """Scan every run folder of the root, and delete rows whose folders were removed."""
    store = store_of(root)
    with store.lock:
        _walk(store)
        scanned_at = time.monotonic()
        for chunk in _to_read(root, _touched(store, store.walk.runs())):
            _process(root, store, chunk)
            if time.monotonic() - scanned_at > SOON_SECONDS:
                _scan_changed(root, store)
                scanned_at = time.monotonic()
        if not store.walk.folders[""].error:
            _remove_missing(root, store, Run.objects.filter(root=root))
        _remember(root, store)
        store.complete = not store.walk.folders[""].error


def tick(root: StorageRoot) -> None:
    """Scan what can have changed within a second."""
    store = store_of(root)
    if not store.complete:
        full(root)
        return
    with store.lock:
        _scan_changed(root, store)


def seconds_until_next_scan(took: float) -> float:
    """Return the pause after a scan of everything that took some seconds."""
    return min(max(FULL_SECONDS, PAUSE_FACTOR * took), LONGEST_PAUSE_SECONDS)


def scan_changed_runs(root: StorageRoot) -> None:
    """Update the rows of runs that began or ended before this call, for one stat per such folder.

    A store that was never listed is left to the background scan; a read-only database is left unchanged.
    """
    store = store_of(root)
    if not store.complete or not store.lock.acquire(timeout=LOOK_SECONDS):
        return
    try:
        _scan_changed(root, store)
    except DatabaseError as error:
        logger.warning("The list may be out of date: %s", error)
    finally:
        store.lock.release()


def _scan_changed(root: StorageRoot, store: Store) -> None:
    _walk(store)
    again, store.again = store.again, set()
    changed = _touched(store, store.walk.runs(store.walk.changed))
    for chunk in _to_read(root, [*changed, *again, *_running(root)]):
        _process(root, store, chunk)
    for missing in _chunks(store.walk.removed, CHUNK):
        _remove_missing(root, store, Run.objects.filter(root=root, folder__in=missing))


def _walk(store: Store) -> None:
    store.walk.go()
    for folder in store.walk.removed:
        parent, _, name = folder.rpartition("/")
        store.stamps[parent].pop(name, None)


def _touched(store: Store, folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        parent, _, name = folder.rpartition("/")
        now = stamp(f"{store.walk.root}/{folder}")
        if now is not None and store.stamps[parent].get(name) != now:
            yield folder


def _running(root: StorageRoot) -> list[str]:
    running = Run.objects.filter(root=root, status=layout.RUNNING, deleted=None)
    # The sum keeps SQLite from the index of `updated`, which has every run of a store that was just copied.
    recent = running.annotate(at=F("updated") + 0.0).filter(at__gt=time.time() - QUIET_SECONDS)
    return list(recent.values_list("folder", flat=True))


def _to_read(root: StorageRoot, folders: Iterable[str]) -> Iterator[list[str]]:
    """Yield the folders in chunks, newest first; many new ones get preliminary rows before any is read in full."""
    ordered = sorted(set(folders), key=id_of, reverse=True)
    if len(ordered) > CHUNK:
        existing_ids = set(Run.objects.filter(root=root).values_list("run_id", flat=True).iterator())
        _add_preliminary_rows(
            root, [folder for folder in reversed(ordered) if id_of(folder) not in existing_ids]
        )
    return _chunks(ordered, CHUNK)


def _add_preliminary_rows(root: StorageRoot, folders: Iterable[str]) -> None:
    for chunk in _chunks(folders, PRELIMINARY_CHUNK):
        paths = {folder: f"{root.path}/{folder}" for folder in chunk}
        runs = [folder for folder in chunk if is_run(Path(paths[folder]))]
        upsert.add(root, [read_run(root.path, folder, assumed_state(paths[folder]))[0] for folder in runs])


def _process(root: StorageRoot, store: Store, chunk: list[str]) -> None:
    """Read what differs from its row, and note the stamp of each folder."""
    # Before reading, so that a later change is noticed at the next scan.
    stamps = {folder: stamp(f"{store.walk.root}/{folder}") for folder in chunk}
    settled = save_folders(root, chunk)
    for folder in settled:
        parent, _, name = folder.rpartition("/")
        store.stamps[parent][name] = stamps[folder]
    store.again.update(folder for folder in chunk if folder not in settled and stamps[folder] is not None)


def _remove_missing(root: StorageRoot, store: Store, runs: QuerySet[Run]) -> None:
    """Remove rows whose folder is certainly gone, or move them to another folder of the same id."""
    stale: list[int] = []
    heirs: list[str] = []
    changed: list[tuple[int, list[str]]] = []
    for key, folder, others in runs.values_list("pk", "folder", "other_folders").iterator():
        alive = [other for other in others if store.walk.has(other)]
        if store.walk.has(folder):
            if len(alive) < len(others):
                changed.append((key, alive))
        elif store.walk.certain(folder) and not _is_there(store, folder):
            heirs += alive
            if not alive:
                stale.append(key)
    # After the query: SQLite refuses to write on a connection that still reads an older snapshot.
    for key, alive in changed:
        upsert.set_others(key, alive)
    for folder in heirs:
        save_folders(root, [folder])
    for chunk in _chunks(stale, 10):
        remove(root, chunk)


def _is_there(store: Store, folder: str) -> bool:
    path = store.walk.root / folder
    return is_run(path) and not path.is_symlink()


def _remember(root: StorageRoot, store: Store) -> None:
    top = store.walk.folders[""]
    root.listed_at, root.problems = time.time(), store.walk.problems()[:MOST_PROBLEMS]
    if not top.error:
        root.device = top.device
    root.save(update_fields=["listed_at", "problems", "device"])


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
