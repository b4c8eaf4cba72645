"""Limit the bytes that one sync fetches, and keep the reserve of the disk free."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

from runicorn.settings import free_space, user
from runicorn.store.units import format_bytes

VARIABLE = "RUNICORN_MIRROR_BYTES"


class Budget:
    """Byte limit shared by the threads of one sync.

    Args:
        folder: the folder that the bytes are written to.

    Raises:
        OSError: the limit in the environment is malformed.
    """

    def __init__(self, folder: Path) -> None:
        text = user.get(VARIABLE)
        self._folder = folder
        try:
            self._limit = free_space.parse_bytes(text, VARIABLE) if text else None
        except ValueError as error:
            raise OSError(errno.EINVAL, str(error)) from error
        self._fetched = 0
        self._lock = threading.Lock()

    def spend(self, count: int) -> None:
        """Count a piece before it is written.

        Raises:
            OSError: the limit is exceeded.
        """
        with self._lock:
            if self._limit is not None and self._fetched + count > self._limit:
                raise OSError(errno.EDQUOT, f"a sync may fetch {format_bytes(self._limit)} ({VARIABLE})")
            self._fetched += count
        free_space.require(self._folder, count)
