"""Read samples from the folder of a run, plain or sealed, at any place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from runicorn import _platform
from runicorn.store.journal import checksums
from runicorn.store.samples.lines import Sample, decode
from runicorn.store.samples.names import Chunk, chunks, samples_folder
from runicorn.store.samples.sealing import SealedChunk

READ_BYTES = 1024 * 1024


class Line(NamedTuple):
    """Place of a complete line in its uncompressed chunk, without the newline."""

    offset: int
    content: bytes


class Write(NamedTuple):
    """Entry of the index of a chunk: one write of several samples."""

    offset: int
    size: int
    rows: int
    step: int | None


class OpenChunk:
    """An open chunk, plain or sealed; use it in a `with` block.

    Attributes:
        size: bytes of the uncompressed chunk now.
        is_sealed: whether it never changes again.

    Raises:
        FileNotFoundError: it has neither form.
        OSError: it is damaged or cannot be read.
    """

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self._sealed: SealedChunk | None = None
        self._fd = -1
        try:
            self._sealed = SealedChunk(chunk.sealed)
            self.size = self._sealed.size
        except FileNotFoundError:
            try:
                self._fd = _platform.open_regular(chunk.plain, follow_links=False)
            except FileNotFoundError:  # sealed in between
                self._sealed = SealedChunk(chunk.sealed)
                self.size = self._sealed.size
            else:
                self.size = os.fstat(self._fd).st_size
        self.is_sealed = self._sealed is not None

    def __enter__(self) -> OpenChunk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._sealed is not None:
            self._sealed.close()
        else:
            os.close(self._fd)

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes of the uncompressed chunk; fewer only at its end."""
        if self._sealed is not None:
            return self._sealed.read(offset, size)
        return _platform.read_at(self._fd, size, offset)

    def lines(self, offset: int = 0) -> Iterator[Line]:
        """Yield the complete lines from `offset` on; an incomplete last line is left out."""
        rest: list[bytes] = []
        start = offset
        for piece in self._pieces(offset):
            first, *others = piece.split(b"\n")
            rest.append(first)
            if not others:  # a line over several pieces: joined once, not at each of them
                continue
            *others, last = [b"".join(rest), *others]
            for line in others:
                yield Line(start, line)
                start += len(line) + 1
            rest = [last]

    def _pieces(self, offset: int) -> Iterator[bytes]:
        if self._sealed is not None:
            yield from self._sealed.contents(offset)
            return
        while piece := _platform.read_at(self._fd, READ_BYTES, offset):
            yield piece
            offset += len(piece)


def torn_bytes(chunk: OpenChunk) -> int:
    """Return the length of the incomplete line at the end of a chunk; 0 if there is none."""
    length, end = 0, chunk.size
    while end > 0:
        start = max(0, end - READ_BYTES)
        newline = chunk.read(start, end - start).rfind(b"\n")
        if newline >= 0:
            return length + end - start - newline - 1
        length, end = length + end - start, start
    return length


def read_index(chunk: Chunk) -> list[Write]:
    """Return the entries of the index of a chunk, in order; damaged ones are left out, and so is a missing index."""
    try:
        fd = _platform.open_regular(chunk.index, follow_links=False)
    except OSError:
        return []
    with open(fd, "rb") as file:
        content = file.read()
    entries = []
    for line in content.split(b"\n")[:-1]:
        try:
            value: Any = json.loads(line) if checksums.is_intact(line) is not False else None
            entry = Write(value["offset"], value["size"], value["rows"], value["step"])
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if all(type(number) is int and number >= 0 for number in entry[:3]):
            entries.append(entry)
    return entries


def read_samples(run_dir: Path, name: str, step: int | None = None) -> Iterator[Sample]:
    """Yield the samples of one name in the order in which they were written.

    Args:
        run_dir: the folder of the run.
        name: name of the sample set; an unknown one has no samples.
        step: only samples of this step.
    """
    for chunk in chunks(samples_folder(Path(run_dir), name)):
        with OpenChunk(chunk) as file:
            for _, line in file.lines():
                sample = decode(line) if line else None
                if sample is not None and (step is None or sample.step == step):
                    yield sample
