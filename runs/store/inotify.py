"""Names of changed files in watched folders, from Linux's inotify (`man 7 inotify`). No Django."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

MODIFIED, ATTRIBUTES, CLOSED = 0x2, 0x4, 0x8
MOVED_FROM, MOVED_TO, CREATED, DELETED = 0x40, 0x80, 0x100, 0x200
SELF_DELETED, SELF_MOVED = 0x400, 0x800
UNMOUNTED, OVERFLOW, IGNORED = 0x2000, 0x4000, 0x8000
ONLY_FOLDERS, NO_LINKS = 0x01000000, 0x02000000
# Not MODIFIED: a training may write thousands of lines a second.
MASK = (
    ATTRIBUTES | CLOSED | MOVED_FROM | MOVED_TO | CREATED | DELETED | SELF_DELETED | SELF_MOVED | ONLY_FOLDERS
) | NO_LINKS
LIMITS = "/proc/sys/fs/inotify/max_user_watches"
_HEADER = struct.Struct("iIII")
_BUFFER = 64 * 1024
_MOST_READS = 64
"""More events than 4 MB are left for the next call."""


class Event(NamedTuple):
    """A change in a watched folder.

    Attributes:
        watch: number of the watch, -1 if events were lost.
        mask: what happened.
        name: of the file in the folder, "" for the folder itself.
    """

    watch: int
    mask: int
    name: str


class Inotify:
    """One inotify instance.

    Raises:
        OSError: this system has no inotify, or the user has too many instances.
    """

    def __init__(self) -> None:
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self.fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except (AttributeError, TypeError) as error:  # not Linux
            raise OSError(errno.ENOSYS, "this system has no inotify") from error
        if self.fd < 0:
            raise _error()

    def add(self, path: str) -> int:
        """Watch a folder and return the number of the watch; it is the same as before for a folder that is watched.

        Raises:
            OSError: ENOSPC if the user has too many watches; missing, not a folder, or not readable.
        """
        number: int = self._libc.inotify_add_watch(self.fd, os.fsencode(path), ctypes.c_uint32(MASK))
        if number < 0:
            raise _error()
        return number

    def read(self) -> Iterator[Event]:
        """Yield what happened since the last call, without waiting."""
        for _ in range(_MOST_READS):
            try:
                content = os.read(self.fd, _BUFFER)
            except BlockingIOError:
                return
            at = 0
            while at < len(content):
                watch, mask, _, length = _HEADER.unpack_from(content, at)
                at += _HEADER.size
                name = os.fsdecode(content[at : at + length].rstrip(b"\0"))
                at += length
                yield Event(watch, mask, name)

    def close(self) -> None:
        os.close(self.fd)


def watch_limit() -> int:
    """Return how many folders the user may watch; 0 if unknown."""
    try:
        with open(LIMITS, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
