"""Read run folders and save their rows."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable

from django.db import IntegrityError, transaction

from runs.index import upsert
from runs.models import Run, StorageRoot
from runs.query import counts
from runs.store.folder_stat import read_state
from runs.store.reader import read_run
from runs.store.walk import YOUNG_SECONDS

logger = logging.getLogger(__name__)


def save_folders(root: StorageRoot, folders: list[str], is_own_write: bool = False) -> set[str]:
    """Read the folders that differ from their rows, save them, and return those that need not be read again.

    A broken file of a young folder may be in the middle of a write, and is read again unless `is_own_write`.
    """
    # Of two folders with one id the second is read after the first has its row.
    first = {id_of(folder): folder for folder in folders}
    second = [folder for folder in folders if first[id_of(folder)] != folder]
    saved_folders = _save_each(root, first.values(), is_own_write)
    return saved_folders | save_folders(root, second, is_own_write) if second else saved_folders


def _save_each(root: StorageRoot, folders: Iterable[str], is_own_write: bool) -> set[str]:
    indexed = _signatures(root, folders)
    readings, same, removed = [], set(), []
    for folder in folders:
        mine, signature = indexed.get(id_of(folder), (None, None))
        path = f"{root.path}/{folder}"
        try:
            state = read_state(path)
            if mine == folder and not state.is_run:
                removed.append(folder)
            elif not state.is_run or (state.problem and mine is None):
                same |= {folder} if _is_old(path) else set()
            elif mine == folder and signature == state.signature:
                same.add(folder)
            elif mine == folder and state.problem:
                upsert.set_unreadable(root, folder, state)
                same.add(folder)
            else:
                record, settled = read_run(root.path, folder, state)
                readings.append(upsert.ReadRecord(record, settled or is_own_write, signature))
        except FileNotFoundError:
            continue
    try:
        saved_folders = upsert.save(root, readings) if readings else set()
    except IntegrityError:
        # Another process was first to insert one of them (PostgreSQL has no single writer).
        logger.info("Another process listed the same runs at the same moment")
        saved_folders = set()
    for run in Run.objects.filter(root=root).in_folders(removed) if removed else ():
        remove(root, [run.pk])
        save_folders(root, run.other_folders, is_own_write)
    unsettled = {reading.record.folder for reading in readings if not reading.settled}
    return same | (saved_folders - unsettled)


def _signatures(root: StorageRoot, folders: Iterable[str]) -> dict[str, tuple[str, str]]:
    ids = [id_of(folder) for folder in folders]
    runs = Run.objects.filter(root=root, run_id__in=ids).values_list("run_id", "folder", "signature")
    return {run_id: (folder, signature) for run_id, folder, signature in runs}


def _is_old(path: str) -> bool:
    """Return whether a folder is older than `YOUNG_SECONDS`; a new run is about to get its first file."""
    try:
        return abs(time.time() - os.lstat(path).st_mtime) > YOUNG_SECONDS
    except OSError:
        return True


def remove(root: StorageRoot, keys: list[int]) -> None:
    """Delete the rows of runs and all rows that refer to them."""
    with transaction.atomic():
        Run.objects.filter(pk__in=keys).delete()
        counts.invalidate(root)


def id_of(folder: str) -> str:
    return folder.rpartition("/")[2]
