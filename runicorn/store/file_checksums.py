"""Checksums of the files of a store: of small JSON files, in themselves, and of append-only files.

A small file ends in a newline and 32 characters, a space for each zero and a tab for each one of the CRC-32 of the bytes
before. JSON ignores them, so every reader sees the same object, every copy of the file has its checksum, and a program
that rewrites the file without it leaves a file that is not checked, never one that seems damaged.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from runicorn import _platform

_LENGTH = 1 + 32
_DIGITS = str.maketrans("01", " \t")
BLOCK = 1024 * 1024


def seal(content: bytes) -> bytes:
    """Return the content of a small file with its checksum."""
    return content + _trailer(content)


def is_intact(content: bytes) -> bool | None:
    """Return whether a small file matches its checksum; None if it has none."""
    trailer = content[-_LENGTH:]
    # A tab with a flipped bit can be a carriage return, which JSON ignores too.
    if len(trailer) < _LENGTH or trailer[:1] != b"\n" or trailer[1:].strip(b" \t\r"):
        return None
    return _trailer(content[:-_LENGTH]) == trailer


def _trailer(content: bytes) -> bytes:
    return f"\n{crc32(content):032b}".translate(_DIGITS).encode()


class GrowingChecksum:
    """CRC-32 of an append-only file, continued as the file grows.

    Attributes:
        state: number of bytes that are covered, and their checksum; replaced as a whole, so that threads need no lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = (0, 0)

    def advance(self, end: int | None = None) -> None:
        """Cover the file up to `end`, or as it is now; a file that has become shorter is read from its beginning.

        Raises:
            OSError: it cannot be read.
        """
        try:
            fd = _platform.open_regular(self.path, follow_links=False)
        except FileNotFoundError:
            self.state = (0, 0)
            return
        try:
            limit = os.fstat(fd).st_size if end is None else end
            size, checksum = self.state if self.state[0] <= limit else (0, 0)
            while block := _platform.read_at(fd, min(BLOCK, limit - size), size):
                size, checksum = size + len(block), crc32(block, checksum)
            self.state = (size, checksum)
        finally:
            os.close(fd)

    def hex(self) -> str:
        """Return the checksum as 8 hexadecimal digits."""
        return f"{self.state[1]:08x}"


def extent(journal: GrowingChecksum, log: GrowingChecksum) -> dict[str, int | str]:
    """Return the sizes and checksums of journal and log as they are now, for `status.json`."""
    about: dict[str, int | str] = {}
    for name, checksum in (("journal", journal), ("log", log)):
        try:
            size = os.stat(checksum.path).st_size
        except OSError:
            size = 0
        about[f"{name}_bytes"] = size
        with suppress(OSError):
            checksum.advance(size)
            about[f"{name}_crc32"] = checksum.hex()
    return about


def crc32_of(path: Path, end: int | None = None) -> str:
    """Return the CRC-32 of a file, or of its first `end` bytes, as 8 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    checksum = GrowingChecksum(path)
    checksum.advance(end)
    return checksum.hex()
