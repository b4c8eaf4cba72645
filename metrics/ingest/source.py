"""Read a journal, and detect whether its file was replaced."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from runicorn._platform import open_regular, read_at
from runicorn.store import journal
from runicorn.store.journal.checksums import is_intact

BLOCK = 256 * 1024
"""Bytes parsed at once; the parser holds the GIL meanwhile, and pages wait."""
HEAD, BEFORE = 4096, 256
LAST_LINE = 1024 * 1024
"""Maximum length of a last line without a newline."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Stored identity of a file that was read up to `offset`: its inode, its head, and the bytes before the offset."""

    offset: int = 0
    inode: str = ""
    head: str = ""
    before: str = ""
    checksum: int = 0


@dataclass(frozen=True, slots=True)
class JournalIdentity:
    """Identity of a file while it is read. `checksum` is the CRC-32 of everything up to `offset`."""

    offset: int = 0
    head: bytes = b""
    before: bytes = b""
    checksum: int = 0

    def after(self, chunk: bytes) -> JournalIdentity:
        return JournalIdentity(
            self.offset + len(chunk),
            self.head if len(self.head) == HEAD else (self.head + chunk[:HEAD])[:HEAD],
            (self.before + chunk[-BEFORE:])[-BEFORE:],
            zlib.crc32(chunk, self.checksum),
        )

    def within_line(self) -> bool:
        """Return whether the offset is inside a line, after a part of an overlong one."""
        return self.offset > 0 and not self.before.endswith(b"\n")


class Source:
    """An open journal.

    Raises:
        OSError: missing, or not a regular file; links are not followed, since they may point anywhere.
    """

    def __init__(self, path: Path, *, ended: bool = False) -> None:
        """Open the journal at `path`; with `ended` its last line may lack a newline."""
        self._ended = ended
        self._fd = open_regular(path, follow_links=False)
        stat = os.fstat(self._fd)
        self._inode = f"{stat.st_dev}:{stat.st_ino}"

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def modified_at(self) -> float:
        """Time of the last write in Unix seconds."""
        return os.fstat(self._fd).st_mtime

    def read(self, offset: int) -> bytes:
        """Return about `BLOCK` bytes of complete lines from `offset` on; empty if no line is complete.

        The last line of an ended run counts without its newline if it is a record.
        """
        chunk = journal.complete(self._fd, offset, BLOCK)
        return chunk if chunk or not self._ended else self._last_record(offset)

    def _last_record(self, offset: int) -> bytes:
        rest = read_at(self._fd, LAST_LINE, offset)
        if len(rest) == LAST_LINE or not rest.endswith(b"}") or b"\n" in rest or is_intact(rest) is False:
            return b""
        try:
            return rest if isinstance(json.loads(rest), dict) else b""
        except (ValueError, RecursionError):
            return b""

    def mark(self, memory: JournalIdentity) -> Mark:
        return Mark(memory.offset, self._inode, _digest(memory.head), _digest(memory.before), memory.checksum)

    def recall(self, mark: Mark) -> JournalIdentity | None:
        """Return the content up to the mark; None if the file was replaced.

        A file that was truncated and grew again differs at its head or before the offset. With another inode it may be a
        copy, which only reading it again can tell.
        """
        memory = JournalIdentity(
            mark.offset, self._head(mark.offset), self._before(mark.offset), mark.checksum
        )
        if mark.offset == 0:
            return memory
        now = self.mark(memory)
        if self.size() < mark.offset or (now.head, now.before) != (mark.head, mark.before):
            return None
        same = now.inode == mark.inode or self._checksum(mark.offset) == mark.checksum
        return memory if same else None

    def holds(self, memory: JournalIdentity) -> bool:
        """Return whether the bytes just read are still in the file."""
        there = self._head(memory.offset), self._before(memory.offset)
        return there == (memory.head, memory.before)

    def _head(self, offset: int) -> bytes:
        return read_at(self._fd, min(offset, HEAD), 0)

    def _before(self, offset: int) -> bytes:
        return read_at(self._fd, min(offset, BEFORE), max(0, offset - BEFORE))

    def _checksum(self, stop: int) -> int:
        checksum = 0
        for start in range(0, stop, 4 * BLOCK):
            part = read_at(self._fd, min(4 * BLOCK, stop - start), start)
            checksum = zlib.crc32(part, checksum)
        return checksum


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
