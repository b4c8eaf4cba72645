"""Durable and careful access to files."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from runicorn._platform.identity import WINDOWS

NO_ROOM = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_BINARY: int = getattr(os, "O_BINARY", 0)
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)


def open_append(path: Path) -> int:
    """Open a file for appending without following links, creating it if missing; return its descriptor."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _BINARY | _NOFOLLOW | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o666)


def read_at(fd: int, size: int, offset: int) -> bytes:
    """Read up to `size` bytes at `offset`; fewer only at the end of the file."""
    if WINDOWS:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, size)
    return os.pread(fd, size, offset)


def open_regular(path: Path | str, *, follow_links: bool) -> int:
    """Open a regular file for reading and return its descriptor. Never blocks on a pipe.

    Raises:
        OSError: it is missing, unreadable, not a regular file, or a symbolic link (unless `follow_links`).
    """
    return _open_regular(path, follow_links)[0]


def _open_regular(path: Path | str, follow_links: bool) -> tuple[int, int]:
    """Open a file as `open_regular` does; return its size, too."""
    fd = os.open(path, os.O_RDONLY | _BINARY | _NONBLOCK | (0 if follow_links else _NOFOLLOW))
    about = os.fstat(fd)
    if not stat.S_ISREG(about.st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "not a regular file")
    return fd, about.st_size


def read_regular(path: Path | str, size: int, *, follow_links: bool) -> bytes:
    """Read up to `size` bytes from the beginning of a regular file."""
    fd, present = _open_regular(path, follow_links)
    try:
        # Not more than the file's size: allocating a buffer of the limit costs more than reading a small file.
        return os.read(fd, min(size, present + 1))
    finally:
        os.close(fd)


def replace_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace a file atomically and durably: write a temporary file, sync, rename, sync the folder.

    Raises:
        OSError: the file is unchanged, and no temporary file is left.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
    fsync_directory(path.parent)


def overwrite_file(path: Path, content: bytes) -> None:
    """Overwrite a file in place; a reader may briefly see a mix of old and new content.

    Raises:
        OSError: it is missing, or the disk is full.
    """
    fd = os.open(path, os.O_WRONLY | _BINARY | _NOFOLLOW)
    try:
        if os.write(fd, content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.ftruncate(fd, len(content))
        os.fsync(fd)
    finally:
        os.close(fd)


def fsync_directory(path: Path) -> None:
    """Make a rename in `path` durable, if the file system supports it."""
    if WINDOWS:
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(fd)
