"""Exit status of a process, as the system reports it to processes other than its parent."""

from __future__ import annotations

import struct
from typing import Any

from runicorn.companion.watch import image_in, read

# <linux/pidfd.h>: PIDFD_GET_INFO, PIDFD_INFO_EXIT and struct pidfd_info of Linux 6.15.
GET_INFO = 3 << 30 | 64 << 16 | 0xFF << 8 | 11
INFO_EXIT = 1 << 3
INFO_FORMAT = "QQ11Ii"
EXIT_CODE = 49
"""Wait status of a zombie in /proc/<pid>/stat, counted from the state on."""


def image(pid: int | str = "self") -> list[int]:
    """Return an identity of the program of a process, which `exec` changes; empty if unknown."""
    return image_in(read(f"/proc/{pid}/stat"))


def exit_code(fd: int, stat: str) -> int | None:
    """Return the wait status of a process that has ended.

    Args:
        fd: a pidfd of it, or -1.
        stat: its /proc/<pid>/stat, if it was not reaped yet.
    """
    fields = stat.rpartition(")")[2].split()
    if fields and fields[0] in "ZX" and len(fields) > EXIT_CODE:
        return int(fields[EXIT_CODE])
    if fd < 0:
        return None
    import fcntl

    about = bytearray(struct.pack("Q", INFO_EXIT).ljust(struct.calcsize(INFO_FORMAT), b"\0"))
    try:
        fcntl.ioctl(fd, GET_INFO, about)
    except OSError:  # an older kernel
        return None
    values: tuple[Any, ...] = struct.unpack(INFO_FORMAT, about)
    return int(values[-1]) if values[0] & INFO_EXIT else None
