"""Recycle bin: a run is in it while its folder contains `.deleted`; emptying it removes folders permanently."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from runicorn.api.responses.runs import RunResult
from runicorn.settings.capabilities import require
from runicorn.store import curation, removal
from runs.errors import OutsideRoot, ReadOnlyStore
from runs.index import discovery, folders
from runs.models import Run, StorageRoot
from runs.removal import listeners
from runs.services import write_through

logger = logging.getLogger(__name__)


def soft_delete_runs(
    *, root: StorageRoot, run_ids: Sequence[str], reason: str = curation.USER_DELETED
) -> dict[str, RunResult]:
    """Move runs to the recycle bin; return the result of each run."""

    def delete(run: Run) -> None:
        there = run.deleted is not None
        if there or not curation.put_into_bin(Path(root.path), run.path, run.status, reason):
            raise write_through.RunNotChanged("already deleted")

    return write_through.for_each(root, run_ids, delete)


def restore_runs(*, root: StorageRoot, run_ids: Sequence[str]) -> dict[str, RunResult]:
    """Restore runs from the recycle bin; return the result of each run."""

    def restore(run: Run) -> None:
        if run.deleted is None or not curation.take_out_of_bin(run.path):
            raise write_through.RunNotChanged("run not deleted")

    return write_through.for_each(root, run_ids, restore)


def empty_recycle_bin(*, root: StorageRoot) -> dict[str, RunResult]:
    """Remove every deleted run from the disk; return the result of each run."""
    discovery.full(root)  # a run deleted by another program a moment before is removed too
    deleted = Run.objects.in_root(root).exclude(deleted=None).order_by("-deleted", "-id")
    return remove_runs(root=root, run_ids=list(deleted.values_list("run_id", flat=True)))


def remove_runs(*, root: StorageRoot, run_ids: Sequence[str]) -> dict[str, RunResult]:
    """Remove runs that are in the recycle bin from the disk, and their rows.

    A folder that contains only the run is first renamed within the store, which is atomic and removes it from lists at
    once. What cannot be deleted after that is reported and retried the next time. From a folder with another run or
    foreign files only the run's own files are deleted.
    """
    require("permanent-deletion")
    _sweep(root)

    def remove(run: Run) -> None:
        try:
            _remove(root, run)
        finally:
            if not Run.objects.filter(pk=run.pk).exists():
                for forget in listeners:
                    forget(root, run)

    return write_through.for_each(root, run_ids, remove)


def _remove(root: StorageRoot, run: Run) -> None:
    if run.deleted is None:
        raise write_through.RunNotChanged("run not deleted")
    folder = _own_path(root, run)
    if not removal.is_own_folder(folder):
        removal.remove_own_files(folder)
        folders.remove(root, [run.pk])
        return
    aside = curation.put_aside(Path(root.path), folder)
    folders.remove(root, [run.pk])
    try:
        shutil.rmtree(aside)
    except OSError as error:
        logger.warning("%s, which was run %s, could not be removed: %s", aside, run.run_id, error)
        raise write_through.RunNotChanged(
            f"some of its files could not be removed: {error.strerror or error}"
        ) from error


def _own_path(root: StorageRoot, run: Run) -> Path:
    folder = Path(root.path, run.folder)
    # Through a link on the way, something outside the store would be removed.
    if run.path != folder:
        raise OutsideRoot(run.run_id)
    return folder


def _sweep(root: StorageRoot) -> None:
    """Remove what an earlier emptying left behind when it was interrupted."""
    try:
        leftovers = list(curation.trash(Path(root.path)).iterdir())
    except OSError as error:
        if error.errno in write_through.REFUSED:
            raise ReadOnlyStore from error
        logger.warning("The trash of %s could not be listed: %s", root.path, error)
        return
    for path in leftovers:
        try:
            shutil.rmtree(path)
        except OSError as error:
            logger.warning("%s could not be removed: %s", path, error)
