"""Indexes of the sample sets of runs: kept in the state directory, brought up to date when they are asked for.

A small backlog is indexed within the request. For a large one processes beside the server take over, and responses have
what is indexed so far.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from runicorn.store.samples.names import sample_sets
from runs.models import Run
from samples.errors import NoSuchSamples, SamplesUnreadable
from samples.store import process
from samples.store.index import Progress, SampleIndex, index_folder
from samples.store.piece import Piece

FOLDER = "samples-index"
AT_ONCE = 4 * 1024 * 1024
"""Bytes that a request indexes itself."""
LARGE = 48 * 1024 * 1024
"""Backlog from which processes index it."""
MOST_PROCESSES = 2
OPEN = 256
"""Indexes whose locks are remembered."""
SWEEP_SECONDS = 86_400.0
SOURCE = "source"
"""File of an index that names the folder of its run."""

_indexes: OrderedDict[Path, SampleIndex] = OrderedDict()
_in_progress: set[Path] = set()
"""Folders of the indexes that processes build."""
_lock = threading.Lock()
_swept = 0.0


def names(run: Run) -> list[str]:
    """Return the names of the sample sets of a run."""
    return sample_sets(run.path)


def index_of(run: Run, name: str) -> SampleIndex:
    """Return the index of a sample set.

    Raises:
        NoSuchSamples: the run has no samples of this name.
    """
    if name not in names(run):
        raise NoSuchSamples(run.run_id, name)
    folder = index_folder(Path(settings.STATE_DIR, FOLDER), run.path, name)
    with _lock:
        index = _indexes.pop(folder, None) or SampleIndex(run.path, name, folder)
        _indexes[folder] = index
        while len(_indexes) > OPEN:
            _indexes.popitem(last=False)
    if not folder.parent.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        (folder.parent / SOURCE).write_text(str(run.path), "utf-8", "surrogateescape")
        _sweep()
    return index


def catch_up(run: Run, name: str) -> tuple[SampleIndex, Progress]:
    """Return the index of a sample set with what was written to it meanwhile, and how much is pending.

    Raises:
        NoSuchSamples: the run has no samples of this name.
        SamplesUnreadable: the files cannot be read or written.
    """
    index = index_of(run, name)
    try:
        # What the processes have done so far is answered at once.
        progress = index.catch_up(0 if index.folder in _in_progress else AT_ONCE)
        if progress.pending:
            waiting = index.catch_up(0).pending
            if waiting > LARGE:
                _start_processes(index, run.path, name)
            elif index.folder not in _in_progress:
                progress = index.catch_up(None)
    except OSError as error:
        raise SamplesUnreadable(error.strerror or str(error)) from error
    return index, progress


@contextmanager
def open_pieces(run: Run, name: str) -> Iterator[tuple[SampleIndex, list[Piece], int]]:
    """Open the pieces of a sample set, up to date; yields the index, the pieces and the pending bytes."""
    index, progress = catch_up(run, name)
    try:
        with index.pieces() as pieces:
            yield index, pieces, progress.pending
    except OSError as error:
        raise SamplesUnreadable(error.strerror or str(error)) from error


def _start_processes(index: SampleIndex, run_dir: Path, name: str) -> None:
    with _lock:
        if index.folder in _in_progress:
            return
        _in_progress.add(index.folder)
    count = max(1, min(MOST_PROCESSES, os.cpu_count() or 1))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    processes = [
        # `-P`: a module in the working directory must not replace one of ours.
        subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", process.__name__),
                *(str(run_dir), name, str(index.folder), str(part), str(count)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=environment,
        )
        for part in range(count)
    ]
    threading.Thread(target=_await, args=(index.folder, processes), daemon=True).start()


def _await(folder: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    for running in processes:
        running.wait()
    with _lock:
        _in_progress.discard(folder)


def _sweep() -> None:
    """Remove the indexes of runs that are gone, at most once a day."""
    global _swept
    if time.monotonic() - _swept < SWEEP_SECONDS and _swept:
        return
    _swept = time.monotonic()
    for folder in Path(settings.STATE_DIR, FOLDER).iterdir():
        with suppress(OSError, UnicodeError):
            source = (folder / SOURCE).read_text("utf-8", "surrogateescape")
            if not os.path.isdir(source) and os.path.isdir(os.path.dirname(source)):
                shutil.rmtree(folder)
