"""Copying and syncing of large files, with differences between operating systems. Written and tested on Linux."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from runicorn._platform import open_regular, read_at

_FICLONE = 0x40049409  # linux/fs.h
_CWD, _EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


def clone_file(source: int, target: int) -> bool:
    """Make the open file `target` share the content of `source` (a reflink); return False if unsupported."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def copy_range(source: int, target: int, count: int, offset: int) -> int:
    """Copy up to `count` bytes at `offset`, within the kernel if possible; return the bytes copied, 0 at the end.

    Raises:
        OSError: the source cannot be read, or the target cannot be written.
    """
    if hasattr(os, "copy_file_range"):
        try:
            return os.copy_file_range(source, target, count, offset, offset)
        except OSError as error:
            if error.errno not in _NO_KERNEL_COPY:
                raise
    content = read_at(source, min(count, 2**20), offset)
    os.lseek(target, offset, os.SEEK_SET)
    return os.write(target, content) if content else 0


_NO_KERNEL_COPY = frozenset(
    {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EPERM}
)


def sync_filesystem(path: Path) -> bool:
    """Sync the file system of `path` to disk (syncfs); return False if unsupported."""
    if sys.platform != "linux":
        return False
    import ctypes

    fd = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(fd) == 0:
            return True
        code = ctypes.get_errno()
    finally:
        os.close(fd)
    raise OSError(code, os.strerror(code))


def sync_file(path: Path) -> None:
    fd = open_regular(path, follow_links=True)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_data(fd: int) -> None:
    """Sync the content of an open file to disk, if the file system supports it."""
    try:
        (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise


def exchange(first: Path, other: Path) -> None:
    """Exchange two folders of one file system, atomically if the system supports it.

    Raises:
        OSError: they were not exchanged.
    """
    if sys.platform == "linux":
        import ctypes

        rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
        if rename is not None:
            if rename(_CWD, os.fsencode(first), _CWD, os.fsencode(other), _EXCHANGE) == 0:
                return
            code = ctypes.get_errno()
            if code not in (errno.EINVAL, errno.ENOSYS):
                raise OSError(code, os.strerror(code), str(other))
    between = first.with_name(f"{first.name}.before")
    os.rename(other, between)
    try:
        os.rename(first, other)
    except OSError:
        os.rename(between, other)
        raise
    os.rename(between, first)
