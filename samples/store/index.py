"""Index of one sample set: derived from its chunks, in a folder of its own that can be deleted at any time.

Any number of processes may build it: a piece appears by a rename, and one that covers others replaces them.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from runicorn import _platform
from runicorn.store.samples.names import Chunk, chunks, folder_name, samples_folder
from runicorn.store.samples.reader import Line, OpenChunk, torn_bytes
from samples.store.piece import TAIL_BYTES, Piece, PieceName, parse_name, tail_of, write_piece

HEAD_BYTES = 4096
SMALL_BYTES = 1024 * 1024
"""Pieces of fewer bytes are written again with what follows them."""
PIECE_BYTES = 64 * 1024 * 1024
QUIET_SECONDS = 30.0
OLD_SECONDS = 3600.0


def index_folder(base: Path, run_dir: Path, name: str) -> Path:
    """Return the folder of the index of a sample set; the indexes of a run are in its parent."""
    key = hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:24]
    return base / key / folder_name(name)


class ChunkState(NamedTuple):
    """Size and identity of a chunk's file."""

    size: int
    head: str
    mark: tuple[int, int]
    """Time of change and inode."""


class Progress(NamedTuple):
    """How much of a sample set is indexed, in bytes of its uncompressed chunks."""

    indexed: int
    pending: int


class SampleIndex:
    """The index of a sample set.

    Args:
        run_dir: folder of the run.
        name: name of the sample set.
        folder: where the index is stored.
    """

    def __init__(self, run_dir: Path, name: str, folder: Path) -> None:
        self.source = samples_folder(run_dir, name)
        self.folder = folder
        self._lock = threading.Lock()
        self._is_swept = False

    def catch_up(self, most_bytes: int | None = None, part: int = 0, parts: int = 1) -> Progress:
        """Index samples that are not indexed yet.

        Args:
            most_bytes: stop after about so many; None for all, 0 only counts what is pending.
            part, parts: only every `parts`-th chunk, for several processes that share the work.

        Raises:
            OSError: the samples cannot be read, or the index cannot be written.
        """
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self._is_swept:
                self._is_swept = True
                self._remove_leftovers()
            indexed = pending = 0
            remaining_bytes = most_bytes
            covered = self._covered()
            existing = chunks(self.source)
            for number in covered.keys() - {chunk.number for chunk in existing}:
                for piece in covered[number]:
                    self._remove(piece)
            for chunk in existing:
                if chunk.number % parts != part:
                    continue
                size, rest = self._catch_up_chunk(chunk, covered.get(chunk.number, []), remaining_bytes)
                if remaining_bytes is not None:
                    remaining_bytes = max(0, remaining_bytes - size)
                indexed, pending = indexed + size, pending + rest
            return Progress(indexed, pending)

    @contextmanager
    def pieces(self) -> Iterator[list[Piece]]:
        """Open the pieces in the order of the samples."""
        opened: list[Piece] = []
        try:
            for _, names in sorted(self._covered().items()):
                for name in names:
                    try:
                        opened.append(Piece(self.folder / str(name), name))
                    except FileNotFoundError:  # replaced meanwhile by one that covers it
                        continue
                    except (OSError, ValueError):  # damaged, or of another version: built again
                        self._remove(name)
            yield opened
        finally:
            for piece in opened:
                piece.close()

    def unreadable(self, pieces: Sequence[Piece]) -> int:
        """Return the number of lines without a sample: damaged ones, and those that a killed process left incomplete."""
        count = sum(piece.name.bad for piece in pieces)
        for chunk in chunks(self.source):
            with suppress(OSError):
                # A line that is being written now is not counted; a sealed chunk has whole lines.
                if time.time() - os.stat(chunk.plain).st_mtime > QUIET_SECONDS:
                    with OpenChunk(chunk) as file:
                        count += torn_bytes(file) > 0
        return count

    def _covered(self) -> dict[int, list[PieceName]]:
        """Return the pieces of each chunk, without overlaps, in order."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return {}
        by_chunk: dict[int, list[PieceName]] = {}
        for name in sorted(filter(None, map(parse_name, names)), key=lambda n: (n.chunk, n.start, -n.end)):
            own = by_chunk.setdefault(name.chunk, [])
            if name.start == (own[-1].end if own else 0):
                own.append(name)
        return by_chunk

    def _catch_up_chunk(self, chunk: Chunk, pieces: list[PieceName], most: int | None) -> tuple[int, int]:
        """Return the bytes of a chunk that were indexed now, and those that are pending."""
        try:
            state = _state(chunk)
            valid = list(
                takewhile(lambda piece: piece.head == state.head and piece.end <= state.size, pieces)
            )
            if valid and not _has_tail(chunk, state, valid[-1]):
                valid = []
        except OSError:  # gone, damaged, or too many open files: tried again next time
            return 0, 0
        position = valid[-1].end if valid else 0
        for piece in pieces[len(valid) :]:
            self._remove(piece)
        if position >= state.size:
            return 0, 0
        rest = state.size - position
        if most == 0 and rest > SMALL_BYTES:
            return 0, rest
        with OpenChunk(chunk) as file:
            end = file.size - (0 if file.is_sealed else torn_bytes(file))
            if position >= end:
                return 0, 0
            if most == 0:
                return 0, end - position
            new = end - position if most is None else min(end - position, max(most, SMALL_BYTES))
            merged: list[PieceName] = []
            while (
                valid
                and valid[-1].end - valid[-1].start < max(new, SMALL_BYTES)
                and (end - valid[-1].start <= PIECE_BYTES)
            ):
                merged.append(valid.pop())
            start = merged[-1].start if merged else position
            first = merged[-1].first if merged else sum(piece.rows for piece in valid)
            stop = position + new
            lines = file.lines(start)
            name = write_piece(self.folder, chunk.number, start, first, state.head, _until(lines, stop))
            for piece in merged:
                if piece.end != name.end:
                    self._remove(piece)
            return name.end - position, max(0, end - name.end)

    def _remove_leftovers(self) -> None:
        """Remove unfinished pieces that killed processes left."""
        for path in self.folder.glob(".*.tmp"):
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - OLD_SECONDS:
                    path.unlink()

    def _remove(self, name: PieceName) -> None:
        with suppress(FileNotFoundError):
            (self.folder / str(name)).unlink()


def _until(lines: Iterator[Line], stop: int) -> Iterator[Line]:
    """Yield lines until one ends at or beyond `stop`."""
    for line in lines:
        yield line
        if line.offset + len(line.content) + 1 >= stop:
            return


def _state(chunk: Chunk) -> ChunkState:
    try:
        path, about = chunk.sealed, os.lstat(chunk.sealed)
    except FileNotFoundError:
        path, about = chunk.plain, os.lstat(chunk.plain)
    return _read_state(chunk, path, about.st_size, about.st_mtime_ns, about.st_ino)


# An error is raised, not returned: the cache would return it until the next start.
@lru_cache(maxsize=4096)
def _read_state(chunk: Chunk, path: Path, size: int, mtime: int, inode: int) -> ChunkState:
    """Return the state of a chunk; cached by the stat of its file."""
    if path == chunk.plain:
        fd = _platform.open_regular(path, follow_links=False)
        try:
            return ChunkState(size, _head_of(_platform.read_at(fd, HEAD_BYTES, 0)), (mtime, inode))
        finally:
            os.close(fd)
    with OpenChunk(chunk) as file:
        return ChunkState(file.size, _head_of(file.read(0, HEAD_BYTES)), (mtime, inode))


@lru_cache(maxsize=4096)
def _has_tail(chunk: Chunk, state: ChunkState, piece: PieceName) -> bool:
    """Return whether the chunk, in this state, still has the last line of a piece."""
    with OpenChunk(chunk) as file:
        begin = max(piece.start, piece.end - 1 - TAIL_BYTES)
        content = file.read(begin, piece.end - begin)
    return content[-1:] == b"\n" and tail_of(content[:-1].rpartition(b"\n")[2]) == piece.tail


def _head_of(content: bytes) -> str:
    # The first line alone: a chunk that grows has always the same.
    line = content.partition(b"\n")[0][:1024]
    return f"{zlib.crc32(line):08x}"
