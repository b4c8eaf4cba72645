"""Refresh the rows of single runs on request, by the small files in their folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from runicorn.store.find import find, find_several
from runicorn_site.web.readable import current
from runs.index.folders import remove, save_folders
from runs.models import Run, StorageRoot
from runs.query.prepared_query import PreparedQuery
from runs.store.folder_stat import read_state
from runs.store.walk import Walk

BY_ID = PreparedQuery(lambda root, run_id: Run.objects.filter(root=root, run_id=run_id), -1, "id")


def refresh_run(root: StorageRoot, run_id: str, *, is_own_write: bool = False) -> Run | None:
    """Return the row of a run after comparing it with its small files; None if it is not on disk or may not be read.

    A run without a row is searched for in the store.

    Args:
        run_id: of any form.
        is_own_write: the files were just written by this process, so a broken one need not be read again.
    """
    return _readable(_refresh(root, run_id, is_own_write))


def _refresh(root: StorageRoot, run_id: str, is_own_write: bool) -> Run | None:
    run = row_of(root, run_id)
    if run is None:
        return _read_again(root, run_id, find(Path(root.path), run_id), is_own_write)
    try:
        state = read_state(f"{root.path}/{run.folder}")
    except FileNotFoundError:
        return _find_moved(root, run)
    if not state.is_run:
        return _find_moved(root, run)
    if state.signature == run.signature:
        return run
    return _read_again(root, run_id, [run.folder], is_own_write)


def refresh_runs(root: StorageRoot, run_ids: Iterable[str]) -> dict[str, Run | None]:
    """Refresh several runs, with one search for those without a row."""
    return {run_id: run for runs in refresh_batches(root, run_ids, 1000) for run_id, run in runs.items()}


def refresh_batches(root: StorageRoot, run_ids: Iterable[str], size: int) -> Iterator[dict[str, Run | None]]:
    """Refresh several runs in batches, each when it is asked for."""
    ids, rows = list(dict.fromkeys(run_ids)), Run.objects.filter(root=root)
    batches = [ids[start : start + size] for start in range(0, len(ids), size)]
    existing_ids = (rows.filter(run_id__in=batch).values_list("run_id", flat=True) for batch in batches)
    folders = find_several(Path(root.path), set(ids).difference(*existing_ids))
    for batch in batches:
        runs_by_id = {
            run_id: _read_again(root, run_id, folders[run_id]) for run_id in batch if run_id in folders
        }
        for run in rows.filter(run_id__in=[run_id for run_id in batch if run_id not in runs_by_id]):
            runs_by_id[run.run_id] = _if_unchanged(root, run) or refresh_run(root, run.run_id)
        yield {run_id: _readable(runs_by_id.get(run_id)) for run_id in batch}


def is_hidden(root: StorageRoot, run_id: str) -> bool:
    """Return whether there is a run with this id that the sender of the request may not read."""
    return (
        not current().is_everything and (run := row_of(root, run_id)) is not None and _readable(run) is None
    )


def _readable(run: Run | None) -> Run | None:
    return run if run is not None and run.project in current() else None


def refresh_written(root: StorageRoot, runs: Iterable[Run]) -> None:
    """Read runs whose files the server has just written, in one transaction."""
    folders = [run.folder for run in runs]
    save_folders(root, folders, is_own_write=True)
    present = set(Run.objects.filter(root=root).in_folders(folders).values_list("run_id", flat=True))
    for run in runs:
        if run.run_id not in present:  # removed: another folder of the same id may take its place
            refresh_run(root, run.run_id, is_own_write=True)


def _if_unchanged(root: StorageRoot, run: Run) -> Run | None:
    """Return the run if its files have not changed since its row was saved."""
    run.root = root
    try:
        state = read_state(f"{root.path}/{run.folder}")
    except FileNotFoundError:
        return None
    return run if state.is_run and state.signature == run.signature else None


def row_of(root: StorageRoot, run_id: str) -> Run | None:
    """Return the row of a run without reading its files."""
    run = BY_ID.first(root.pk, run_id)
    if run is not None:
        run.root = root
    return run


def _read_again(
    root: StorageRoot, run_id: str, folders: Iterable[str], is_own_write: bool = False
) -> Run | None:
    for folder in folders:
        save_folders(root, [folder], is_own_write)
    return row_of(root, run_id)


def _find_moved(root: StorageRoot, run: Run) -> Run | None:
    """Return the row of a run whose folder is missing: it was moved, removed, or its disk is not mounted."""
    folder = find(Path(root.path), run.run_id)
    if folder:
        return _read_again(root, run.run_id, folder)
    walk = Walk(Path(root.path), device=None if root.device is None else int(root.device))
    walk.go()
    if not walk.certain(run.folder):
        return run
    remove(root, [run.pk])
    return None
