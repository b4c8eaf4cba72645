"""Write user edits into run folders: file first, then row; a failed file write changes no row."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from runicorn import _platform
from runicorn.api.responses.runs import RunResult
from runicorn.message import Message
from runicorn.store.containment import OutsideStore
from runs.errors import NoSpace, NotWritten, OutsideRoot, ReadOnlyStore
from runs.index import refresh
from runs.models import Run, StorageRoot

REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
TOGETHER = 50
"""Runs whose rows are written in one transaction, about 30 ms."""


class RunNotChanged(Exception):
    """The reason why a run was not changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(Message(reason))


def for_each(
    root: StorageRoot, run_ids: Sequence[str], change: Callable[[Run], None]
) -> dict[str, RunResult]:
    """Apply `change` to each run once, in order, and return the result of each.

    `change` writes files and raises `RunNotChanged` or `OSError` if it did not; the rows are then read again in batches.

    Raises:
        ReadOnlyStore: nothing was changed because nothing can be written.
    """
    results: dict[str, RunResult] = {}
    read_only: list[bool] = []
    # A later batch is read after the earlier ones are changed, which may take minutes: a run restored meanwhile stays.
    for runs in refresh.refresh_batches(root, run_ids, TOGETHER):
        changed = []
        for run_id, run in runs.items():
            results[run_id] = _attempt(run, change, read_only)
            if run is not None and results[run_id]["success"]:
                changed.append(run)
        touch_folders(changed)
        refresh.refresh_written(root, changed)
    if any(read_only) and not any(result["success"] for result in results.values()):
        raise ReadOnlyStore
    return results


def _attempt(run: Run | None, change: Callable[[Run], None], read_only: list[bool]) -> RunResult:
    """Apply `change` to one run; `read_only` learns whether it failed because nothing can be written."""
    try:
        if run is None:
            raise RunNotChanged("run not found")
        change(run)
    except OutsideRoot:
        return {"success": False, "error": "run not found"}
    except RunNotChanged as refused:
        return {"success": False, "error": str(refused)}
    except OSError as error:
        read_only.append(error.errno in REFUSED)
        return {"success": False, "error": f"could not be written: {error.strerror or error}"}
    return {"success": True}


@contextmanager
def one_file() -> Iterator[None]:
    """Convert an `OSError` of a write into the error of a request about a single run.

    Raises:
        NoSpace: the disk is full, or what is left is its reserve.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, OutsideStore) or error.errno == errno.ELOOP:  # the file itself is a link
            raise ReadOnlyStore(Message("A link leads out of the storage root")) from error
        if error.errno in REFUSED:
            raise ReadOnlyStore from error
        if error.errno in _platform.NO_ROOM:
            raise NoSpace(error.strerror or Message("No space left on the disk")) from error
        raise NotWritten(error.strerror or Message("unknown reason")) from error


def touch_folders(runs: Iterable[Run]) -> None:
    """Touch the folders above the runs: viewers on other hosts poll them, and notice within a second."""
    for folder in {f"{run.root.path}/{run.folder}".rpartition("/")[0] for run in runs}:
        with suppress(OSError):  # the change itself is written; other viewers see it within a minute
            os.utime(folder)


def count_successes(results: dict[str, RunResult]) -> int:
    """Return how many runs were changed."""
    return sum(result["success"] for result in results.values())


def change_one(root: StorageRoot, run: Run, write: Callable[[Run], Any]) -> Run:
    """Apply `write` to one run and return its refreshed row."""
    with one_file():
        write(run)
    touch_folders([run])
    return refresh.refresh_run(root, run.run_id, is_own_write=True) or run
