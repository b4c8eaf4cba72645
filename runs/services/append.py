"""Write uploaded files of a run: append exactly at an offset, or replace a whole file. No Django.

A growing file is locked while it is appended to, so of two requests for the same offset exactly one succeeds.
Acknowledged data is on the disk.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.run_files import is_in_subfolder

ALGORITHM = "sha256:"
BLOCK = 1024 * 1024


class UploadMismatch(Exception):
    """The upload does not fit the existing file.

    Attributes:
        size: bytes of the existing file.
    """

    def __init__(self, sentence: str, size: int) -> None:
        super().__init__(sentence)
        self.size = size


def grows(name: str) -> bool:
    """Return whether a file is appended to rather than replaced."""
    return layout.grows(name)


def is_accepted(name: str) -> bool:
    """Return whether uploads of this file, relative to the run's folder, are accepted."""
    return name in layout.OF_THE_LIBRARY or name in layout.GROWING or is_in_subfolder(name)


def add(path: Path, offset: int, content: bytes) -> int:
    """Append to a file of exactly `offset` bytes; return its new size.

    Raises:
        UploadMismatch: the file has another size; nothing was written.
        OSError: the file could not be written, or is a link; nothing was appended.
    """
    _no_link(path)
    with _platform.file_lock(path, mode=0o666):
        return _append_locked(path, offset, content)


def _append_locked(path: Path, offset: int, content: bytes) -> int:
    """Append with the lock held."""
    fd = _platform.open_append(path)
    try:
        size = os.fstat(fd).st_size
        if size != offset:
            raise UploadMismatch(f"The file has {size} bytes, not {offset}.", size)
        _append(fd, size, content)
    finally:
        os.close(fd)
    return offset + len(content)


def _append(fd: int, size: int, content: bytes) -> None:
    try:
        remaining = memoryview(content)
        while remaining:
            count = os.write(fd, remaining)
            if not count:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            remaining = remaining[count:]
        os.fsync(fd)
    except OSError:
        with suppress(OSError):
            os.ftruncate(fd, size)
        raise


def replace(path: Path, content: bytes, digest: str) -> int:
    """Replace a file; return its size.

    Raises:
        UploadMismatch: the content does not match the digest; nothing was written.
        OSError: the file could not be written, or is a link; the old one is unchanged.
    """
    _no_link(path)
    if ALGORITHM + hashlib.sha256(content).hexdigest() != digest:
        raise UploadMismatch("The content does not match the digest.", _size(path))
    _platform.replace_file(path, content)
    return len(content)


def add_part(parts: Path, path: Path, digest: str, offset: int, size: int, content: bytes) -> int:
    """Store a part of a large file, which appears once all `size` bytes are there; return how many are.

    Args:
        parts: folder of incomplete files.
        digest: digest of the whole file.
        offset: position of the part.
        size: size of the whole file in bytes.

    Raises:
        UploadMismatch: the part does not start at the current size, or the complete content does not match the digest and
            was discarded.
        OSError: it could not be written, or is a link; nothing was appended.
    """
    _no_link(path)
    if offset + len(content) > size:
        raise UploadMismatch(f"The part would exceed the {size} bytes of the file.", offset)
    name = hashlib.sha256(f"{path}\0{digest}\0{size}".encode("utf-8", "surrogateescape")).hexdigest()[:40]
    part = parts / name
    _no_link(part)
    # Locked to the end: a concurrent sender of the same file finds it complete, or starts again.
    with _platform.file_lock(part, mode=0o666):
        # All bytes are there if the server was killed before the rename.
        there = size if _size(part) == size else _append_locked(part, offset, content)
        if there < size:
            return there
        with part.open("rb") as file:
            right = ALGORITHM + hashlib.file_digest(file, "sha256").hexdigest() == digest
        if not right:
            part.unlink()
            raise UploadMismatch("The content does not match the digest; it was discarded.", 0)
        os.replace(part, path)
    _platform.fsync_directory(path.parent)
    return size


def digest_of(path: Path, size: int | None) -> tuple[int, str]:
    """Return the size and digest of a file, or of its first `size` bytes.

    Raises:
        FileNotFoundError: it is missing, or shorter than `size`.
        OSError: it cannot be read, or is a link.
    """
    fd = _platform.open_regular(path, follow_links=False)
    with open(fd, "rb") as file:
        there = file.seek(0, os.SEEK_END)
        if size is not None and there < size:
            raise FileNotFoundError(errno.ENOENT, "the file is shorter", str(path))
        file.seek(0)
        remaining = there if size is None else size
        digest, total = hashlib.sha256(), remaining
        while remaining and (block := file.read(min(remaining, BLOCK))):
            digest.update(block)
            remaining -= len(block)
    return total - remaining, ALGORITHM + digest.hexdigest()


def _no_link(path: Path) -> None:
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(about.st_mode):
        raise PermissionError(errno.EACCES, "not a regular file", str(path))


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
