"""Stamps of stored files, by which later writes to them are detected without reading.

A stamped file has a modification time whose fraction of a second is derived from the digest of its content. Any write to
the file, through any hard link and by any user, sets another time. A file without its stamp is compared with its digest
before it is used, so file systems and archives with whole seconds only cost an extra read.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

SECOND = 1_000_000_000
TICK = 100
"""Nanoseconds: the resolution of NTFS, the coarsest of the usual file systems that keep fractions."""


def is_stamped(about: os.stat_result, digest: str) -> bool:
    """Return whether a file has not been written to since it was stamped with `digest`."""
    return about.st_mtime_ns % SECOND // TICK == _fraction(digest)


def stamp(path: Path, digest: str, expected: os.stat_result | None = None) -> None:
    """Stamp a file whose content was compared with `digest`.

    Args:
        path: the file; unchanged if it belongs to another user.
        digest: hexadecimal digits, with or without the name of the algorithm.
        expected: stat result of the file before its content was read; if it has changed, the file is not stamped.
    """
    with suppress(OSError):
        about = path.lstat()
        if expected is not None and _identity(about) != _identity(expected):
            return
        seconds = about.st_mtime_ns // SECOND
        os.utime(path, ns=(about.st_atime_ns, seconds * SECOND + _fraction(digest) * TICK))


def _identity(about: os.stat_result) -> tuple[int, int, int]:
    return about.st_ino, about.st_size, about.st_mtime_ns


def _fraction(digest: str) -> int:
    return int(digest.rpartition(":")[2][:12], 16) % (SECOND // TICK)
