"""Check whether a process of this machine has a file open."""

from __future__ import annotations

import os
from pathlib import Path

from runicorn import _platform

PROC = Path("/proc")


def is_open(path: Path) -> bool | None:
    """Return whether a process has a file open.

    Returns:
        None if unknown: processes of other users, and of other machines that share the file system, are not visible.
    """
    try:
        about = path.stat()
        processes = [entry for entry in os.listdir(PROC) if entry.isdecimal()]
    except OSError:
        return None
    unknown = _platform.is_network_filesystem(path)
    for process in processes:
        folder = PROC / process / "fd"
        try:
            for number in os.listdir(folder):
                try:
                    other = os.stat(folder / number)
                except FileNotFoundError:  # closed meanwhile
                    continue
                if (other.st_dev, other.st_ino) == (about.st_dev, about.st_ino):
                    return True
        except FileNotFoundError:  # ended meanwhile
            continue
        except OSError:
            unknown = True
    return None if unknown else False
