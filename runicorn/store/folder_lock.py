"""Lock of a folder against other processes, without a lock file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runicorn import _platform

ATTEMPTS = 100
INTERVAL = 0.01
"""Seconds between two attempts."""


@contextmanager
def folder_lock(path: Path) -> Iterator[None]:
    """Acquire the lock of a folder; it is released with the process.

    Continues without the lock where locks are unsupported (Windows, NFS, a missing folder), and after a second, since
    its holder may be a suspended process.
    """
    fd = _acquire(path)
    try:
        yield
    finally:
        if fd is not None:
            os.close(fd)


def _acquire(path: Path) -> int | None:
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    for _ in range(ATTEMPTS):
        try:
            _platform.lock(fd, blocking=False, shared=False)
        except BlockingIOError:
            time.sleep(INTERVAL)
        except OSError:
            break
        else:
            return fd
    os.close(fd)
    return None
