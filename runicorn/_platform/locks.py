"""Locks between processes."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from runicorn._platform.identity import WINDOWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def file_lock(
    path: str | os.PathLike[str], blocking: bool = True, shared: bool = False, mode: int = 0o600
) -> Iterator[None]:
    """Hold an exclusive or shared lock on a lock file, which is kept. A process that ends releases its locks.

    Args:
        path: the lock file, created if missing. Links are not followed.
        blocking: wait until the lock is free.
        shared: allow other shared holders (exclusive where shared locks are not supported).
        mode: permissions of a new file, before the umask.

    Raises:
        BlockingIOError: it is locked, and `blocking` is false.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW | getattr(os, "O_CLOEXEC", 0), mode)
    try:
        lock(fd, blocking, shared)
        yield
    finally:
        if not WINDOWS:
            # Closing is not enough if another thread forked meanwhile: the child has the descriptor too.
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def lock(fd: int, blocking: bool, shared: bool) -> None:
    """Lock an open file until it is closed."""
    if WINDOWS:
        import importlib

        msvcrt: Any = importlib.import_module("msvcrt")
        try:
            msvcrt.locking(fd, msvcrt.LK_LOCK if blocking else msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(errno.EAGAIN, "the lock is held by another process") from error
        return
    import fcntl

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    fcntl.flock(fd, kind | (0 if blocking else fcntl.LOCK_NB))
