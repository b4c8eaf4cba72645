"""Copy a file within the kernel and hash the copy, so that the stored bytes are the hashed bytes."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import Executor, Future, wait
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.artifacts.manifest import ALGORITHM
from runicorn.store import bulk_io
from runicorn.store.progress import NO_PROGRESS, Progress

CHUNK = 16 * 1024 * 1024
BLOCK = 1024 * 1024
BEGINNINGS = 64
"""Beginnings of a large content whose digests are known at most."""


class ContentHash:
    """SHA-256 of a content of a known size, added in blocks, and of some of its beginnings.

    Attributes:
        beginnings: the first digits of the digests of beginnings that are `step` bytes apart.
    """

    def __init__(self, size: int) -> None:
        self._hash = hashlib.sha256()
        self._done = 0
        self._step = CHUNK * max(1, -(-size // (CHUNK * BEGINNINGS)))
        self.beginnings: list[str] = []

    def update(self, block: bytes) -> bool:
        """Add a block; return whether a beginning ends with it."""
        self._hash.update(block)
        self._done += len(block)
        if self._done % self._step:
            return False
        self.beginnings.append(self._hash.hexdigest()[:8])
        return True

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def copy_and_hash(
    source: int,
    target: int,
    size: int,
    hasher: Executor,
    progress: Progress = NO_PROGRESS,
    content: ContentHash | None = None,
) -> str:
    """Copy an open file into an empty one while another thread hashes the copy one chunk behind.

    Args:
        source: descriptor open for reading.
        target: descriptor open for reading and writing.
        size: bytes to copy; fewer if the source is shorter.
        hasher: executor with one thread, since a hash is computed in order.
        progress: advanced with every chunk.
        content: a new one; has the digests of beginnings afterwards.

    Returns:
        The digest of the content of `target`.

    Raises:
        OSError: the source cannot be read, or the target cannot be written.
    """
    hashed = content or ContentHash(size)
    cloned = bulk_io.clone_file(source, target)
    behind: list[Future[None]] = []
    offset = 0
    try:
        while offset < size:
            count = min(CHUNK, size - offset) if cloned else _copy_chunk(source, target, offset, size)
            if count == 0:
                break
            for chunk in behind:
                chunk.result()
            behind = [hasher.submit(_hash_range, hashed, target, offset, count)] if size > CHUNK else []
            if not behind:  # nothing is left to be copied meanwhile
                _hash_range(hashed, target, offset, count)
            offset += count
            progress.advance(count)
        for chunk in behind:
            chunk.result()
    finally:
        wait(behind)  # it reads what the caller is about to close
    return ALGORITHM + hashed.hexdigest()


def copy_file(source: Path, target: Path, progress: Progress = NO_PROGRESS) -> None:
    """Copy a regular file to a new path.

    Raises:
        OSError: it cannot be read, or the disk is full.
    """
    reading = _platform.open_regular(source, follow_links=False)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            size = os.fstat(reading).st_size
            if bulk_io.clone_file(reading, writing):
                progress.advance(size)
                return
            offset = 0
            while count := _copy_chunk(reading, writing, offset, size):
                offset += count
                progress.advance(count)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def hash_file(fd: int, progress: Progress = NO_PROGRESS) -> str:
    """Return the SHA-256 of an open file from its beginning, in hexadecimal, in constant memory."""
    hashed, offset = hashlib.sha256(), 0
    while block := _platform.read_at(fd, BLOCK, offset):
        hashed.update(block)
        offset += len(block)
        progress.advance(len(block))
    return hashed.hexdigest()


def _copy_chunk(source: int, target: int, offset: int, size: int) -> int:
    """Copy up to a chunk, in as many calls as the system needs; return the bytes copied."""
    done = 0
    while done < min(CHUNK, size - offset):
        count = bulk_io.copy_range(source, target, min(CHUNK, size - offset) - done, offset + done)
        if count == 0:
            break
        done += count
    return done


def _hash_range(hashed: Any, fd: int, offset: int, count: int) -> None:
    end = offset + count
    while offset < end:
        block = _platform.read_at(fd, min(BLOCK, end - offset), offset)
        if not block:
            return
        hashed.update(block)
        offset += len(block)
