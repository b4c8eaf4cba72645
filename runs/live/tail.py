"""Follow a growing file by complete lines, never sending a line twice or in part.

Only the state of one reader: its offset, and enough of the preceding bytes to detect that the file was replaced.
Nothing here blocks, and nothing depends on Django.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from runicorn._platform import read_at
from runicorn.store.journal import LINE_CEILING
from runicorn_site.web.files import OpenFile

BLOCK = 64 * 1024
"""Maximum bytes per read, so that a reader far behind shares the event loop with others."""

_MEMORY = 256
_SEARCH = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive complete lines of a file.

    Attributes:
        data: the lines with their newlines; empty if the chunk only reports that the file was replaced.
        start: offset of the first line.
        end: offset after the last newline, where reading continues.
        replaced: the file was truncated or replaced; reading restarts at its beginning.
        continued: `start` is inside a line that is too long for one read.
    """

    data: bytes
    start: int
    end: int
    replaced: bool = False
    continued: bool = False


class Tail:
    """Position of a reader in a file.

    A file counts as replaced if its inode changed, if it is shorter than what was read, or if the bytes at its start or
    just before the offset changed (truncated and grown again between two polls).
    """

    def __init__(self) -> None:
        self.offset = 0
        self._inode: tuple[int, int] | None = None
        self._head = b""
        self._before = b""
        self._searched = 0
        self._lost = False

    @classmethod
    def at(cls, file: OpenFile, offset: int, *, anywhere: bool = False) -> Tail:
        """Start at a byte where a line begins, such as the `end` of an earlier chunk, or at any byte with `anywhere`.

        If no line begins there, or the file is shorter, the offset belongs to another file: this one is read from its
        beginning, and the first chunk has `replaced`.
        """
        tail = cls()
        tail._inode = _inode(file)
        before = read_at(file.fd, min(offset, _MEMORY), offset - min(offset, _MEMORY))
        if len(before) < min(offset, _MEMORY) or (offset and not anywhere and not before.endswith(b"\n")):
            tail._lost = True
            return tail
        tail.offset = offset
        tail._before = before
        tail._head = read_at(file.fd, min(offset, _MEMORY), 0)
        return tail

    @classmethod
    def last(cls, file: OpenFile, lines: int, *, ended: bool = False) -> Tail:
        """Start with the last `lines` complete non-blank lines."""
        return cls.at(file, start_of_last(file, lines, ended=ended))

    def read(self, file: OpenFile, *, ended: bool = False) -> Chunk | None:
        """Return at most `BLOCK` bytes of complete lines, or one longer line; None if no line is complete.

        The last line of an `ended` file counts without its newline.
        """
        lead = len(self._before)
        block = read_at(file.fd, lead + BLOCK, self.offset - lead)
        if self._is_replaced(file, block[:lead]):
            self._start_over()
            return Chunk(b"", 0, 0, replaced=True)
        data = block[lead : block.rfind(b"\n", lead) + 1]
        if not data and len(block) == lead + BLOCK:
            data = self._long_line(file, ended)
        elif not data and ended:
            data = block[lead:]
        return self._advance(data) if data else None

    def _is_replaced(self, file: OpenFile, before: bytes) -> bool:
        inode = _inode(file)
        previous, self._inode = self._inode or inode, inode
        if self._lost or inode != previous or before != self._before:
            return True
        return self.offset > _MEMORY and read_at(file.fd, _MEMORY, 0) != self._head

    def _start_over(self) -> None:
        self.offset = self._searched = 0
        self._head = self._before = b""
        self._lost = False

    def _advance(self, data: bytes) -> Chunk:
        start, self.offset = self.offset, self.offset + len(data)
        continued = start > 0 and not self._before.endswith(b"\n")
        if start < _MEMORY:
            self._head = (self._head + data)[:_MEMORY]
        self._before = (self._before + data[-_MEMORY:])[-_MEMORY:]
        return Chunk(data, start, self.offset, continued=continued)

    def _long_line(self, file: OpenFile, ended: bool) -> bytes:
        """Return the line at the offset, which is longer than a block; empty while it may still get its newline.

        Searched bytes are not searched again: a line may grow for hours before it ends.
        """
        limit = self.offset + LINE_CEILING
        position = max(self._searched, self.offset + BLOCK)
        end = 0
        while not end and position < limit:
            piece = read_at(file.fd, min(_SEARCH, limit - position), position)
            if not piece:
                self._searched = position
                if not ended:
                    return b""
                end = position
                break
            end = position + piece.find(b"\n") + 1 if b"\n" in piece else 0
            position += len(piece)
        length = (end or limit) - self.offset
        line = read_at(file.fd, length, self.offset)
        return line if len(line) == length else b""


def _inode(file: OpenFile) -> tuple[int, int]:
    status = os.fstat(file.fd)
    return status.st_dev, status.st_ino


def start_of_last(file: OpenFile, lines: int, *, ended: bool = False) -> int:
    """Return the offset of the last `lines` complete non-blank lines, reading backwards from the end.

    Text after the last newline is an incomplete line and does not count, unless the file is `ended`. Only the needed
    part is read: the last 10,000 lines of a 1 GB file cost those lines.
    """
    end = position = os.fstat(file.fd).st_size if ended else _end_of_lines(file)
    start, remaining, blank = end, lines, True
    while remaining > 0 and position > 0:
        size = min(BLOCK, position)
        position -= size
        block = read_at(file.fd, size, position)
        cut = len(block)
        while remaining > 0 and (newline := block.rfind(b"\n", 0, cut)) >= 0:
            if not (blank and _is_blank(block[newline + 1 : cut])):
                start, remaining = position + newline + 1, remaining - 1
            cut, blank = newline, True
        blank = blank and _is_blank(block[:cut])
    # Exactly as many lines as requested, or fewer: the first line of a file has no newline before it.
    return 0 if remaining > 0 else start


def _is_blank(line: bytes) -> bool:
    return not line or line.isspace()


def _end_of_lines(file: OpenFile) -> int:
    """Return the offset after the last newline of a file, 0 without one."""
    position = os.fstat(file.fd).st_size
    while position > 0:
        size = min(BLOCK, position)
        position -= size
        newline = read_at(file.fd, size, position).rfind(b"\n")
        if newline >= 0:
            return position + newline + 1
    return 0


def text_lines(data: bytes, start: int) -> list[tuple[str, int]]:
    """Return the lines of a chunk as (text, offset after the line), without blank ones.

    Bytes that are not UTF-8 become U+FFFD. Only the newline is removed: a `\\r` is kept.
    """
    lines = []
    end = start
    for line in data.split(b"\n"):
        end += len(line) + 1
        if not _is_blank(line):
            # A line that was cut because of its length has no newline after it.
            lines.append((line.decode("utf-8", "replace"), min(end, start + len(data))))
    return lines
