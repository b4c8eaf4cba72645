"""Parts of a log for a page that shows some of it: whole lines, each with its number. Pure, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from runicorn._platform import read_at
from runicorn.store import journal

LINES = 500
"""Lines of one block."""
LONGEST = 1000
"""Characters of a line that are shown at once."""
READ = 128 * 1024
SCAN = 1024 * 1024


@dataclass(slots=True)
class Block:
    """Lines that follow each other.

    Attributes:
        first: number of the first line, from 1 on.
        start: byte at which it begins.
        end: byte after the last of them.
        lines: their texts, each cut after `LONGEST` characters.
        long: of each line that was cut, its position among the lines, its first byte and the byte after its last.
    """

    first: int
    start: int
    end: int
    lines: list[str] = field(default_factory=list)
    long: list[tuple[int, int, int]] = field(default_factory=list)


def blocks(data: bytes, start: int, first: int) -> Iterator[Block]:
    """The lines in `data` in blocks of at most `LINES`.

    Args:
        data: whole lines with their newlines, or a piece of a very long one.
        start: where they begin in the file.
        first: number of the first.
    """
    pieces = iter(data.split(b"\n") if data and not data.endswith(b"\n") else data.split(b"\n")[:-1])
    end = start + len(data)
    while some := list(islice(pieces, LINES)):
        block = _block(some, start, first)
        block.end = min(block.end, end)
        yield block
        start, first = block.end, first + len(some)


def _block(pieces: list[bytes], start: int, first: int) -> Block:
    block = Block(first, start, start)
    for piece in pieces:
        text, is_cut = _shown(piece)
        if is_cut:
            block.long.append((len(block.lines), block.end, block.end + len(piece)))
        block.lines.append(text)
        block.end += len(piece) + 1
    return block


def _shown(piece: bytes) -> tuple[str, bool]:
    if len(piece) <= LONGEST:
        return piece.decode("utf-8", "replace"), False
    # Of a line that was redrawn by carriage returns only the last state is to be seen.
    state = piece.rstrip(b"\r").rpartition(b"\r")[2]
    text = state[: 4 * LONGEST + 4].decode("utf-8", "replace")
    return text[:LONGEST], len(text) > LONGEST


def after(fd: int, offset: int, first: int, *, ended: bool = False) -> Block:
    """The block that begins at a byte, with the line of that number; without lines where none has ended yet.

    In a log that is `ended` the last line counts without its newline.
    """
    data = journal.complete(fd, offset, READ, ended=ended)
    return next(blocks(data, offset, first), Block(first, offset, offset))


def before(fd: int, end: int, first: int) -> Block:
    """The block that ends before a byte, where the line of number `first` begins."""
    size = READ
    while True:
        start = max(0, end - size)
        data = read_at(fd, end - start, start)
        cut = data.find(b"\n") + 1 if start else 0
        if cut < len(data) or not start or size >= journal.LINE_CEILING:
            break
        size *= 2
    lines = data[cut:].split(b"\n")[:-1][-LINES:]
    length = sum(map(len, lines)) + len(lines)
    return next(blocks(data[len(data) - length :], end - length, first - len(lines)), Block(first, end, end))


def around(fd: int, number: int, *, ended: bool = False) -> list[Block]:
    """The block before the line of that number and the one from it on; the last lines where there are fewer."""
    offset, first = start_of_line(fd, number)
    return [before(fd, offset, first), after(fd, offset, first, ended=ended)]


def start_of_line(fd: int, number: int) -> tuple[int, int]:
    """The byte at which a line begins, and its number: that asked for, or the one after the last."""
    offset, first = 0, 1
    while first < number and (block := read_at(fd, SCAN, offset)):
        count = block.count(b"\n")
        if first + count >= number:
            return offset + len(block) - len(block.split(b"\n", number - first)[-1]), number
        last = block.rfind(b"\n") + 1
        if len(block) < SCAN:
            return offset + last, first + count
        first, offset = first + count, offset + len(block)
    return offset, first


def lines_before(fd: int, end: int) -> int:
    """How many lines end before a byte."""
    count = offset = 0
    while offset < end and (block := read_at(fd, min(SCAN, end - offset), offset)):
        count += block.count(b"\n")
        offset += len(block)
    return count
