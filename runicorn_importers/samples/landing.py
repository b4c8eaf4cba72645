"""Write the samples of a framework's folder into a run, and those that are new since the last time.

`.runicorn/imports/samples/<digest>.json` has, for each file of the folder, what was read of it and the chunk where it went. A
chunk holds samples of one file only. A kill between a chunk and the state leaves lines beyond the recorded size; as many samples
of the file are skipped.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.settings import free_space
from runicorn.store import curation, layout
from runicorn.store.samples.names import Chunk, samples_folder
from runicorn.store.samples.reader import OpenChunk
from runicorn.store.samples.writer import SampleWriter
from runicorn_importers.sample_rows.row import SampleRow
from runicorn_importers.samples.source import SampleSource

FOLDER = "samples"
AT_ONCE = 256
SEALED = ".zst"
"""Suffix of a file that was compressed after it was complete; its positions are those of the plain one."""


@dataclass
class Progress:
    """What was read of one file.

    Attributes:
        stamp: size, time of change and inode.
        position: as in `SampleRow.end`.
        rows: samples written.
        name: the sample set.
        chunks: numbers of its chunks.
        begun: how many of them, at the end, were begun after the other numbers were counted.
        size: bytes of the last chunk before these.
    """

    stamp: list[int] = field(default_factory=list)
    position: int = 0
    rows: int = 0
    name: str = ""
    chunks: list[int] = field(default_factory=list)
    begun: int = 0
    size: int = 0


class State:
    """What was read of the files of one folder, and the run that has its samples."""

    def __init__(self, root: Path, folder: Path) -> None:
        name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._root = root
        self._name = name
        content = layout.read_json(self._path)[0] if self._path.exists() else {}
        self.run = str(content.get("run", ""))
        self.files = {key: Progress(**value) for key, value in content.get("files", {}).items()}

    @property
    def _path(self) -> Path:
        return self._root / curation.PRIVATE / "imports" / FOLDER / f"{self._name}.json"

    def save(self, source: Path) -> None:
        """Write the state."""
        curation.private_folder(self._root)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        files = {key: asdict(progress) for key, progress in self.files.items()}
        layout.write_json(self._path, {"source": str(source), "run": self.run, "files": files})


def land(root: Path, run_dir: Path, sources: Iterable[SampleSource], state: State, folder: Path) -> int:
    """Write new samples of files into a run; return their number.

    Args:
        run_dir: the folder of the run, which exists.
        state: of the folder; saved after each file.
        folder: the folder of the framework.

    Raises:
        ImportError: a file needs pyarrow, which is not installed.
        OSError: a file could not be read, or the store not be written; what was written before is complete.
    """
    count = 0
    for source in sources:
        stamp = _stamp(source.path)
        progress = state.files.setdefault(_key(source.path, folder), Progress())
        if stamp == progress.stamp:
            continue
        is_continued = source.grows and stamp[0] >= progress.position
        if not (is_continued or source.path.name.endswith(SEALED)):
            _remove(run_dir, progress)
            progress = state.files[_key(source.path, folder)] = Progress()
        count += _land_file(root, run_dir, source, progress, state, folder)
        progress.stamp = stamp
        state.save(folder)
    if count:
        curation.stir(run_dir)
    return count


def _land_file(
    root: Path, run_dir: Path, source: SampleSource, progress: Progress, state: State, folder: Path
) -> int:
    space = free_space.ReserveCheck(run_dir)
    last = progress.chunks[-1] if progress.chunks else None
    progress.name = progress.name or source.name
    skipped = _lines_beyond(run_dir, progress)
    before = progress.rows

    def on_chunk(number: int) -> None:
        # Before its first row: after a kill its lines are counted instead of written again.
        progress.chunks.append(number)
        progress.begun += 1
        state.save(folder)

    # The next batch takes about as much as the last: counting its characters would take as long as writing it.
    estimate = min(source.path.stat().st_size, space.EVERY)
    with SampleWriter(run_dir, progress.name, root=root, chunk=last, on_chunk=on_chunk) as writer:
        rows = source.rows(source.path, progress.position)
        for row in islice(rows, skipped):
            _count(progress, row)
        if skipped:
            progress.begun, progress.size = 0, _size(run_dir, progress)
        for batch in _batches(rows):
            space.require(estimate)
            place = writer.place
            writer.append([row.data for row in batch], batch[0].step, batch[0].time)
            for row in batch:
                _count(progress, row)
            assert writer.place is not None
            estimate = writer.place[1] - (place[1] if place and place[0] == writer.place[0] else 0)
            progress.begun, progress.size = 0, writer.place[1]
        writer.sync()
        writer.close(seal_last=not source.grows)
    return progress.rows - before


def _batches(rows: Iterator[SampleRow]) -> Iterator[list[SampleRow]]:
    """Yield rows of one step and time together."""
    for _, group in groupby(rows, key=lambda row: (row.step, row.time)):
        while batch := list(islice(group, AT_ONCE)):
            yield batch


def _count(progress: Progress, row: SampleRow) -> None:
    progress.rows += 1
    if row.end >= 0:  # the samples of one record end together
        progress.position = row.end


def _lines_beyond(run_dir: Path, progress: Progress) -> int:
    """Return the number of complete lines that were written after the state."""
    count, position = 0, progress.size
    for number in progress.chunks[-progress.begun - 1 :]:
        with (
            suppress(FileNotFoundError),
            OpenChunk(Chunk(number, samples_folder(run_dir, progress.name))) as file,
        ):
            count += sum(bool(line.content) for line in file.lines(position))
        position = 0
    return count


def _size(run_dir: Path, progress: Progress) -> int:
    """Return the bytes of the last chunk up to the end of its last complete line."""
    if not progress.chunks:
        return 0
    chunk = Chunk(progress.chunks[-1], samples_folder(run_dir, progress.name))
    with suppress(FileNotFoundError), OpenChunk(chunk) as file:
        return max((line.offset + len(line.content) + 1 for line in file.lines()), default=0)
    return 0


def _remove(run_dir: Path, progress: Progress) -> None:
    """Remove the chunks of a file that was rewritten."""
    for number in progress.chunks:
        chunk = Chunk(number, samples_folder(run_dir, progress.name))
        for path in (chunk.plain, chunk.sealed, chunk.index):
            path.unlink(missing_ok=True)
    if progress.chunks:
        _platform.fsync_directory(samples_folder(run_dir, progress.name))


def _key(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder).replace(os.sep, "/").removesuffix(SEALED)


def _stamp(path: Path) -> list[Any]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ino]
