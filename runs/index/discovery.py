"""Discovery of runs: scan the folders of a storage root, read what changed, and update the rows.

`full` looks at every run, `tick` only at what can have changed within a second: folders that changed, running runs,
and folders that were being written when they were read. Where the kernel tells changes (`follow`), both look at nothing
else, and a store in which nothing happens costs nothing.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.db import DatabaseError
from django.db.models import F, QuerySet

from runicorn import _platform
from runicorn.store import heartbeat, layout
from runicorn.store.find import is_run
from runs.index import bulk, upsert
from runs.index.folders import id_of, remove, save_folders
from runs.models import Run, StorageRoot
from runs.store.folder_stat import assumed_state, stamp
from runs.store.folder_watch import CannotWatch, Changes, FolderWatch
from runs.store.reader import read_run
from runs.store.walk import YOUNG_NETWORK_SECONDS, Walk

T = TypeVar("T")

logger = logging.getLogger(__name__)

CHUNK = 400
"""Runs per transaction, about 50 ms."""
DIRECT_SECONDS, SLOW_SECONDS = 5.0, 15.0
"""How long, in CPU and wall time, new runs are read in full before the others are listed by name, time and status only,
unless reading those takes no longer either: some 10,000 of a local store. A row that is completed later takes twice the
work, and half as much space again."""
PRELIMINARY_CHUNK = 500
SOON_SECONDS = 1.0
"""How long new runs are read before the folders are scanned again."""
LOOK_SECONDS = 0.2
"""How long a request waits for a scan by another thread."""
FIRST_SECONDS = 2.0
"""How long after the start requests wait for the first scan: a script may ask as soon as the viewer answers."""
MOST_PROBLEMS = 100
QUIET_SECONDS = 3600.0
"""A running run that wrote nothing for this long is scanned once a minute: there may be thousands of them."""
FULL_SECONDS, WATCHED_FULL_SECONDS = 60.0, 300.0
LONGEST_PAUSE_SECONDS = 600.0
PAUSE_FACTOR = 400
"""Pause after a scan, in its durations: a quarter of a percent of a core, whether it takes milliseconds or seconds."""
TICK_SECONDS = 1.0
SLOWEST_TICK_SECONDS = 60.0
WATCHED_FILES = layout.SMALL | layout.GROWING | {heartbeat.NAME}
IMPORTS = ".runicorn"
"""Folder in which imports are staged; those of killed processes are completed by a scan."""


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
        self.watch: FolderWatch | None = None
        self.grown: set[str] = set()
        """Folders whose journals were written to since the last `grown_journals`."""
        self.ring_grown: Callable[[], object] = bool
        self.needs_full = False
        self.tick_seconds = 0.0
        """Processor time of the last scan of what can have changed."""

    def is_watched(self) -> bool:
        """Return whether the kernel tells every change of a run."""
        return self.watch is not None and self.watch.is_complete

    def watch_folder(self, folder: str) -> None:
        if self.watch is not None:
            self.watch.add(folder)

    def concerns_runs(self, folder: str, name: str) -> bool:
        """Return whether a change of a file in a watched folder can change a run."""
        return name in WATCHED_FILES or self.is_above_runs(folder, {name})

    def is_above_runs(self, folder: str, names: Set[str]) -> bool:
        return folder in self.walk.folders or folder == IMPORTS or layout.RUNS in names


_stores: dict[tuple[int, str], Store] = {}
_first = threading.Condition()
_waits_until = -math.inf


def expect_first_scan() -> None:
    """Let requests wait for the scan that a thread begins now."""
    global _waits_until
    _waits_until = time.monotonic() + FIRST_SECONDS


def store_of(root: StorageRoot) -> Store:
    key = (root.pk, root.path)
    if key not in _stores:
        _stores.setdefault(key, Store(root))
    return _stores[key]


def forget(root: StorageRoot) -> None:
    store = _stores.pop((root.pk, root.path), None)
    if store is not None and store.watch is not None:
        watch, store.watch = store.watch, None
        watch.close()


def follow(root: StorageRoot, ring: Callable[[], object], ring_grown: Callable[[], object] = bool) -> str:
    """Let the kernel tell the changes of a root from now on; scan it afterwards.

    Args:
        ring: called by another thread when there is something for `tick`.
        ring_grown: called by any thread when there is something for `grown_journals`.

    Returns:
        Why that is impossible, or "".
    """
    forget(root)
    store = store_of(root)
    try:
        store.watch = FolderWatch(root.path, ring, store.concerns_runs)
    except CannotWatch as error:
        return str(error)
    store.ring_grown = ring_grown
    store.walk.before_listing = store.watch_folder
    store.watch_folder("")
    return ""


def is_watched(root: StorageRoot) -> bool:
    """Return whether this process is told every change of the runs of a root."""
    store = _stores.get((root.pk, root.path))
    return store is not None and store.is_watched()


def check_root(root: StorageRoot) -> None:
    """Notice that the folder of a root was renamed, or that another one is at its path."""
    store = _stores.get((root.pk, root.path))
    if store is not None and (watch := store.watch) is not None:
        watch.check_root()


def grown_journals(root: StorageRoot) -> set[str]:
    """Return the folders whose journals were written to since the last call, if the root is watched."""
    store = store_of(root)
    grown, store.grown = store.grown, set()
    return grown


def seconds_until_tick(root: StorageRoot) -> float:
    """Return when `tick` may have something to do that `ring` does not announce."""
    store = store_of(root)
    if store.needs_full:
        return 0.0
    if store.again or any((store.walk.root / IMPORTS).glob("import-*")):
        return TICK_SECONDS
    if store.is_watched():
        return LONGEST_PAUSE_SECONDS
    if _running(root):
        return TICK_SECONDS
    return min(max(TICK_SECONDS, PAUSE_FACTOR * store.tick_seconds), SLOWEST_TICK_SECONDS)


def full(root: StorageRoot) -> None:
    """Scan every run folder of the root, and delete rows whose folders were removed."""
    store = store_of(root)
    with store.lock:
        changes = _collect(store)
        store.needs_full = False
        _walk(store)
        scanned_at = time.monotonic()
        pending = {*_runs_in_changes(store, changes), *_with_new_stamp(store, store.walk.runs())}
        with bulk.large_cache():
            for chunk in _to_read(root, pending):
                _process(root, store, chunk)
                pending.difference_update(chunk)
                if time.monotonic() - scanned_at > SOON_SECONDS:
                    _scan_changed(root, store, pending)
                    scanned_at = time.monotonic()
        if not store.walk.folders[""].error:
            _remove_missing(root, store, Run.objects.filter(root=root))
        _remember(root, store)
        store.complete = not store.walk.folders[""].error
    with _first:
        _first.notify_all()


def tick(root: StorageRoot) -> None:
    """Scan what can have changed within a second."""
    store = store_of(root)
    if not store.complete or store.needs_full:
        full(root)
        return
    with store.lock:
        began = time.thread_time()
        _scan_changed(root, store)
        store.tick_seconds = time.thread_time() - began


def seconds_until_next_scan(took: float, *, watched: bool = False) -> float:
    """Return the pause after a scan of everything that took some seconds; longer if the kernel tells changes anyway."""
    shortest = WATCHED_FULL_SECONDS if watched else FULL_SECONDS
    return min(max(shortest, PAUSE_FACTOR * took), LONGEST_PAUSE_SECONDS)


def scan_changed_runs(root: StorageRoot) -> None:
    """Update the rows of runs that began or ended before this call, for one stat per such folder.

    A store that was never listed is left to the background scan, which is waited for shortly after the start; a
    read-only database is left unchanged.
    """
    store = store_of(root)
    if not store.complete:
        with _first:
            _first.wait_for(lambda: store_of(root).complete, max(0.0, _waits_until - time.monotonic()))
        return
    if not store.lock.acquire(timeout=LOOK_SECONDS):
        return
    try:
        _scan_changed(root, store)
    except DatabaseError as error:
        logger.warning("The list may be out of date: %s", error)
    finally:
        store.lock.release()


def _scan_changed(root: StorageRoot, store: Store, pending: Set[str] = frozenset()) -> None:
    """Scan what changed, except new folders in `pending`, which a scan of everything is about to read."""
    changes = _collect(store)
    if store.is_watched():
        changed = _changed_runs(store, changes)
    else:
        _walk(store)
        new = (folder for folder in store.walk.runs(store.walk.changed) if folder not in pending)
        stale = _with_new_stamp(store, new)
        changed = {*stale, *_running(root), *_runs_in_changes(store, changes)}
    again, store.again = store.again, set()
    for chunk in _to_read(root, {*changed, *again}):
        _process(root, store, chunk)
    for missing in _chunks(store.walk.removed, CHUNK):
        _remove_missing(root, store, Run.objects.filter(root=root).in_folders(missing))


def _collect(store: Store) -> Changes:
    """Return what the kernel told; a scan of everything follows if it lost something."""
    if store.watch is None:
        return Changes()
    changes = store.watch.collect()
    if changes.lost:
        store.needs_full = True
        for folder in store.walk.folders:
            store.walk.forget(folder)
    for folder in changes.gone:
        store.walk.forget(folder)
    grown = {folder for folder, names in changes.names.items() if layout.EVENTS in names}
    if grown:
        store.grown |= grown
        store.ring_grown()
    return changes


def _changed_runs(store: Store, changes: Changes) -> set[str]:
    """Return the run folders that changed, after scanning those above them if one of these did."""
    above = {folder for folder, names in changes.names.items() if store.is_above_runs(folder, names)}
    runs = _runs_in_changes(store, changes)
    if not (above or changes.gone or changes.lost):
        store.walk.changed, store.walk.removed = set(), set()
        return runs
    for folder in above:
        store.walk.forget(folder)
    _walk(store)
    for folder in store.walk.runs(store.walk.changed):
        parent, _, name = folder.rpartition("/")
        if name not in store.stamps[parent] or name in changes.names.get(parent, ()):
            runs.add(folder)
    return runs


def _runs_in_changes(store: Store, changes: Changes) -> set[str]:
    """Return the run folders with changes other than new lines."""
    growing = layout.GROWING
    return {
        folder
        for folder, names in changes.names.items()
        if not (store.is_above_runs(folder, names) or names <= growing)
    }


def _walk(store: Store) -> None:
    store.watch_folder(IMPORTS)
    store.walk.go()
    for folder in store.walk.removed:
        parent, _, name = folder.rpartition("/")
        store.stamps[parent].pop(name, None)


def _with_new_stamp(store: Store, folders: Iterable[str]) -> Iterator[str]:
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
    """Yield the folders in chunks, newest first.

    Of very many, the oldest are read at once for `DIRECT_SECONDS`, so that keys ascend with ids; what is left then gets
    preliminary rows before it is read in full.
    """
    ordered = sorted(set(folders), key=id_of)
    if len(ordered) > CHUNK:
        clock, cpu, count = time.monotonic(), time.thread_time(), 0
        while ordered and (
            _is_soon_done(time.thread_time() - cpu, DIRECT_SECONDS, len(ordered), count)
            and _is_soon_done(time.monotonic() - clock, SLOW_SECONDS, len(ordered), count)
        ):
            yield ordered[:CHUNK]
            count += len(ordered[:CHUNK])
            del ordered[:CHUNK]
    if len(ordered) > CHUNK:
        existing_ids = set(Run.objects.filter(root=root).values_list("run_id", flat=True).iterator())
        _add_preliminary_rows(root, [folder for folder in ordered if id_of(folder) not in existing_ids])
    yield from _chunks(reversed(ordered), CHUNK)


def _is_soon_done(spent: float, limit: float, pending: int, count: int) -> bool:
    """Return whether reading runs began less than `limit` seconds ago, or ends within them at its speed so far."""
    return spent < limit or spent * pending < limit * count


def _add_preliminary_rows(root: StorageRoot, folders: Iterable[str]) -> None:
    for chunk in _chunks(folders, PRELIMINARY_CHUNK):
        paths = {folder: f"{root.path}/{folder}" for folder in chunk}
        runs = [folder for folder in chunk if is_run(Path(paths[folder]))]
        upsert.add(root, [read_run(root.path, folder, assumed_state(paths[folder]))[0] for folder in runs])


def _process(root: StorageRoot, store: Store, chunk: list[str]) -> None:
    """Read what differs from its row, and note the stamp of each folder."""
    for folder in chunk:
        store.watch_folder(folder)
    # Before reading, so that a later change is noticed at the next scan.
    stamps = {folder: stamp(f"{store.walk.root}/{folder}") for folder in chunk}
    settled = save_folders(root, chunk)
    bulk.breathe()
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
