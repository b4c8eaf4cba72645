"""Files that come from the program of another machine, put where they belong: exactly at an offset, or as a whole.

Pure. A growing file is locked while it is added to, so of two requests for one offset exactly one is right. What is
acknowledged is on the disk.
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
from runicorn.sync.manifest.files import is_media

ALGORITHM = "sha256:"
BLOCK = 1024 * 1024


class Misplaced(Exception):
    """What was sent does not fit what is there.

    Attributes:
        size: bytes that are there.
    """

    def __init__(self, sentence: str, size: int) -> None:
        super().__init__(sentence)
        self.size = size


def grows(name: str) -> bool:
    """Whether a file is added to, and not sent as a whole."""
    return name in layout.GROWING


def is_taken(name: str) -> bool:
    """Whether a file of that name, relative to the run's folder, is taken from another machine."""
    return name in layout.OF_THE_LIBRARY or name in layout.GROWING or is_media(name)


def add(path: Path, offset: int, content: bytes) -> int:
    """Append to a file that has exactly `offset` bytes; its size then.

    Raises:
        Misplaced: it has another size; nothing was written.
        OSError: it could not be written, or is a link; nothing was added.
    """
    _no_link(path)
    with _platform.file_lock(path, mode=0o666):
        return _added(path, offset, content)


def _added(path: Path, offset: int, content: bytes) -> int:
    """`add`, while the lock is held."""
    fd = _platform.open_append(path)
    try:
        size = os.fstat(fd).st_size
        if size != offset:
            raise Misplaced(f"The file has {size} bytes, not {offset}.", size)
        _append(fd, size, content)
    finally:
        os.close(fd)
    return offset + len(content)


def _append(fd: int, size: int, content: bytes) -> None:
    try:
        left = memoryview(content)
        while left:
            written = os.write(fd, left)
            if not written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            left = left[written:]
        os.fsync(fd)
    except OSError:
        with suppress(OSError):
            os.ftruncate(fd, size)
        raise


def replace(path: Path, content: bytes, digest: str) -> int:
    """Put a whole file in place of what is there; its size.

    Raises:
        Misplaced: the content has another digest; nothing was written.
        OSError: it could not be written, or is a link; the old one is as it was.
    """
    _no_link(path)
    if ALGORITHM + hashlib.sha256(content).hexdigest() != digest:
        raise Misplaced("What was sent has another digest.", _size(path))
    _platform.replace_file(path, content)
    return len(content)


def add_part(parts: Path, path: Path, digest: str, offset: int, size: int, content: bytes) -> int:
    """Take a part of a large file, which appears when all `size` bytes of it are there; how many are.

    Args:
        parts: the folder of incomplete files.
        path: where the file belongs.
        digest: of the whole file.
        offset: where the part belongs.
        size: bytes of the whole file.
        content: the part.

    Raises:
        Misplaced: so many bytes are not there yet, or all that came has another digest and was thrown away.
        OSError: it could not be written, or is a link; nothing was added.
    """
    _no_link(path)
    if offset + len(content) > size:
        raise Misplaced(f"The part would reach beyond the {size} bytes of the file.", offset)
    name = hashlib.sha256(f"{path}\0{digest}\0{size}".encode("utf-8", "surrogateescape")).hexdigest()[:40]
    part = parts / name
    _no_link(part)
    # Held to the end: who sends the same file a second time finds it whole, or begins anew.
    with _platform.file_lock(part, mode=0o666):
        # All bytes were there already where the server was killed before it renamed them.
        there = size if _size(part) == size else _added(part, offset, content)
        if there < size:
            return there
        with part.open("rb") as file:
            right = ALGORITHM + hashlib.file_digest(file, "sha256").hexdigest() == digest
        if not right:
            part.unlink()
            raise Misplaced("What was sent has another digest; it was thrown away.", 0)
        os.replace(part, path)
    _platform.fsync_directory(path.parent)
    return size


def digest_of(path: Path, size: int | None) -> tuple[int, str]:
    """The size and the digest of a file, or of its first `size` bytes.

    Raises:
        FileNotFoundError: it is missing, or shorter than `size`.
        OSError: it cannot be read, or is a link.
    """
    fd = _platform.open_regular(path, follow_links=False)
    with open(fd, "rb") as file:
        there = file.seek(0, os.SEEK_END)
        if size is not None and there < size:
            raise FileNotFoundError(errno.ENOENT, "it is shorter", str(path))
        file.seek(0)
        left = there if size is None else size
        digest, total = hashlib.sha256(), left
        while left and (block := file.read(min(left, BLOCK))):
            digest.update(block)
            left -= len(block)
    return total - left, ALGORITHM + digest.hexdigest()


def _no_link(path: Path) -> None:
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(about.st_mode):
        raise PermissionError(errno.EACCES, "it is no regular file", str(path))


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
