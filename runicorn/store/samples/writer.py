"""Write samples into the folder of a run. Standard library alone; used by `Run.log_samples` and by importers."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from runicorn import _platform
from runicorn.store.bulk_io import sync_data
from runicorn.store.containment import check_inside
from runicorn.store.journal import checksums
from runicorn.store.samples.lines import Reference, encoder
from runicorn.store.samples.names import Chunk, check_name, chunks, samples_folder
from runicorn.store.samples.sealing import seal

CHUNK_BYTES = 64 * 1024 * 1024
"""Size from which a chunk is sealed and the next one begun."""
WRITE_BYTES = 1024 * 1024
SMALL_BYTES = 256 * 1024
"""A last chunk that is smaller stays plain."""


class SampleWriter:
    """Append samples of one name to a run.

    Each writer has chunks of its own, so any number of processes write at once. It is not thread-safe.

        with SampleWriter(run_dir, "rollouts") as writer:
            writer.append([{"prompt": "1+1?", "completion": "2", "reward": 1.0}], step=3)

    Args:
        run_dir: the folder of the run, which exists.
        name: name of the sample set, 1 to 100 characters.
        root: the storage root; by default links are not checked to stay inside of one.
        reference: returns the JSON object that stands for a value stored elsewhere, such as an image; None for others.
        chunk: number of a chunk of an earlier writer to continue, if it is neither sealed nor torn.
        on_chunk: called with the number of each new chunk before its first row is written.

    Raises:
        layout.InvalidName: `name` is invalid.
    """

    def __init__(
        self,
        run_dir: Path,
        name: str,
        *,
        root: Path | None = None,
        reference: Reference | None = None,
        chunk: int | None = None,
        on_chunk: Callable[[int], object] | None = None,
    ) -> None:
        self.name = check_name(name)
        self.folder = samples_folder(Path(run_dir), name)
        self.rows = 0
        self._root = root
        self._line = encoder(reference)
        self.place: tuple[int, int] | None = None
        """Number of the chunk of the last row, and its size in bytes after that row; None before the first row."""
        self._on_chunk = on_chunk
        self._chunk: Chunk | None = None
        self._fd = self._index = -1
        self._size = 0
        self._unsynced = False
        if chunk is not None:
            self._continue(Chunk(chunk, self.folder))

    def __enter__(self) -> SampleWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(seal_last=kind is None)

    def append(
        self, rows: Iterable[Mapping[str, Any]], step: int | None = None, moment: float | None = None
    ) -> int:
        """Append rows of one step; once this returns, they survive the end of the process.

        Args:
            rows: dicts of JSON values. Other values are converted: arrays to lists, dates, paths and sets, settings
                objects; anything else to its text.
            step: step of all rows.
            moment: Unix seconds; by default now.

        Returns:
            The number of rows.

        Raises:
            OSError: some rows could not be written. Those before are complete: `rows` of the writer counts them.
        """
        before, lines, size = self.rows, list[bytes](), 0
        now = time.time() if moment is None else moment
        for row in rows:
            line = self._line(now, step, row)
            lines.append(line)
            size += len(line)
            if size >= WRITE_BYTES:
                self._write(lines, step)
                lines, size = [], 0
        if lines:
            self._write(lines, step)
        return self.rows - before

    def sync(self) -> None:
        """Sync what was written to disk."""
        if self._unsynced and self._fd >= 0:
            self._unsynced = False
            sync_data(self._fd)
            sync_data(self._index)

    def close(self, *, seal_last: bool = True) -> None:
        """Close the chunk, sealed unless it is small or `seal_last` is false; a later `append` begins another.

        Raises:
            OSError: it could not be synced or sealed; what was appended is complete.
        """
        self._finish_chunk(SMALL_BYTES if seal_last else None)

    def abandon(self) -> None:
        """Leave the chunk to another process, as a forked child does with that of its parent."""
        for fd in (self._fd, self._index):
            if fd >= 0:
                os.close(fd)
        self._fd = self._index = -1
        self._chunk = None

    def _write(self, lines: list[bytes], step: int | None) -> None:
        chunk = self._chunk or self._begin_chunk()
        content, offset = b"".join(lines), self._size
        _append(self._fd, content, offset)
        self._size += len(content)
        self.rows += len(lines)
        self.place = chunk.number, self._size
        self._unsynced = True
        entry = {"offset": offset, "size": len(content), "rows": len(lines), "step": step}
        with suppress(OSError):  # readers find the lines without it
            _append(self._index, checksums.seal(json.dumps(entry).encode()), None)
        if self._size >= CHUNK_BYTES:
            self._finish_chunk(0)

    def _begin_chunk(self) -> Chunk:
        if self._root is not None:
            check_inside(self._root, self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max((chunk.number for chunk in chunks(self.folder)), default=-1) + 1
        while True:
            chunk = Chunk(number, self.folder)
            with suppress(FileExistsError):  # another process was faster
                # The index first: its name reserves the number, also after the chunk was sealed.
                self._index = _create(chunk.index)
                break
            number += 1
        self._fd = _create(chunk.plain)
        self._chunk, self._size = chunk, 0
        with suppress(OSError):
            _platform.fsync_directory(self.folder)
        if self._on_chunk is not None:
            self._on_chunk(number)
        return chunk

    def _continue(self, chunk: Chunk) -> None:
        """Open an existing chunk at its end; leave it alone if a line of it is incomplete."""
        try:
            fd, index = (
                os.open(path, _FLAGS | getattr(os, "O_NOFOLLOW", 0)) for path in (chunk.plain, chunk.index)
            )
        except OSError:
            return
        size = os.fstat(fd).st_size
        if size >= CHUNK_BYTES or (size and os.pread(fd, 1, size - 1) != b"\n"):
            os.close(fd)
            os.close(index)
            return
        self._fd, self._index, self._chunk, self._size = fd, index, chunk, size

    def _finish_chunk(self, least: int | None) -> None:
        chunk, size = self._chunk, self._size
        if chunk is None:
            return
        try:
            self.sync()
        finally:
            self.abandon()
        if least is not None and size >= least:
            seal(chunk.plain, chunk.sealed)


_FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def _create(path: Path) -> int:
    return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)


def _append(fd: int, content: bytes, offset: int | None) -> None:
    """Write all of the content, or nothing."""
    before = os.fstat(fd).st_size if offset is None else offset
    try:
        remaining = memoryview(content)
        while remaining:
            remaining = remaining[os.write(fd, remaining) :]
    except OSError:
        with suppress(OSError):
            os.ftruncate(fd, before)
        raise
