"""Following one file that grows at its end, by whole lines, without ever sending one twice or half.

Only the state of one reader: where it stands, and enough of what lies before that place to notice that the
file under it is no longer the one it read from. Nothing here waits, and nothing knows about Django.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from runicorn._platform import read_at
from runicorn.store.journal import LINE_CEILING
from runicorn_site.web.files import OpenFile

BLOCK = 64 * 1024
"""Bytes taken in one read, so that a reader who is far behind shares the event loop with the others."""

_MEMORY = 256
_SEARCH = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines from one place in a file.

    Attributes:
        data: the lines with their newlines; empty when the chunk only says that the file was replaced.
        start: byte offset of the first of them.
        end: byte offset after the last newline, where a reader goes on.
        replaced: the file was truncated or is another one now; reading starts again at its beginning.
        continued: `start` lies inside a line, one too long to be read at once.
    """

    data: bytes
    start: int
    end: int
    replaced: bool = False
    continued: bool = False


class Tail:
    """Where one reader stands in one file.

    A file is taken for replaced when its inode is another, when it is shorter than what was read, or when the
    bytes at its head or just before the offset have changed (truncated and grown again between two looks).
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
        """Go on at a byte where a line begins, as an earlier `Chunk.end` said, or at any byte with `anywhere`.

        Where no line begins there, or the file is shorter, it is not the one that answer came from: it is
        read from its beginning, and the first chunk says `replaced`.
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
        """Begin with the last `lines` whole lines that are not blank."""
        return cls.at(file, start_of_last(file, lines, ended=ended))

    def read(self, file: OpenFile, *, ended: bool = False) -> Chunk | None:
        """Return at most `BLOCK` bytes of whole lines, or one longer line; None if there is none.

        In a file that is `ended` the last line counts without its newline.
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
        known, self._inode = self._inode or inode, inode
        if self._lost or inode != known or before != self._before:
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
        """The line at the offset, which has no newline within a block; empty as long as it has none and may get one.

        What was searched is not searched again: a line may grow for hours before it ends.
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
    """The byte where the last `lines` whole lines that are not blank begin, read backwards from the end.

    What follows the last newline is half a line and does not count, unless the file is `ended`. Only what is needed is read: 10,000 lines
    of a file of a gigabyte cost those lines.
    """
    end = position = os.fstat(file.fd).st_size if ended else _end_of_lines(file)
    start, wanted, blank = end, lines, True
    while wanted > 0 and position > 0:
        size = min(BLOCK, position)
        position -= size
        block = read_at(file.fd, size, position)
        cut = len(block)
        while wanted > 0 and (newline := block.rfind(b"\n", 0, cut)) >= 0:
            if not (blank and _is_blank(block[newline + 1 : cut])):
                start, wanted = position + newline + 1, wanted - 1
            cut, blank = newline, True
        blank = blank and _is_blank(block[:cut])
    # Fewer lines than asked for, or just as many: the first of the file has no newline before it.
    return 0 if wanted > 0 else start


def _is_blank(line: bytes) -> bool:
    return not line or line.isspace()


def _end_of_lines(file: OpenFile) -> int:
    """The byte after the last newline of a file, 0 without one."""
    position = os.fstat(file.fd).st_size
    while position > 0:
        size = min(BLOCK, position)
        position -= size
        newline = read_at(file.fd, size, position).rfind(b"\n")
        if newline >= 0:
            return position + newline + 1
    return 0


def text_lines(data: bytes, start: int) -> list[tuple[str, int]]:
    """The lines of a chunk as (text, byte offset after the line), blank ones left out.

    Bytes that are not UTF-8 become U+FFFD. Nothing but the newline is taken off: `\\r` stays as it was
    written.
    """
    lines = []
    end = start
    for line in data.split(b"\n"):
        end += len(line) + 1
        if not _is_blank(line):
            # A line that was cut for its length is the one that has no newline after it.
            lines.append((line.decode("utf-8", "replace"), min(end, start + len(data))))
    return lines
