"""Blocks of a log for a partial view: complete lines with their numbers, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from runicorn._platform import read_at
from runicorn.store import journal

LINES = 500
"""Lines of a block."""
LONGEST = 1000
"""Characters shown of a long line."""
READ = 128 * 1024
SCAN = 1024 * 1024


@dataclass(slots=True)
class Block:
    """Consecutive lines.

    Attributes:
        first: number of the first line, starting at 1.
        start: byte at which the first line begins.
        end: byte after the last line.
        lines: their texts, each cut after `LONGEST` characters.
        long: for each line that was cut, its index among the lines, its first byte and the byte after its last.
    """

    first: int
    start: int
    end: int
    lines: list[str] = field(default_factory=list)
    long: list[tuple[int, int, int]] = field(default_factory=list)


def blocks(data: bytes, start: int, first: int) -> Iterator[Block]:
    """Yield the lines in `data` in blocks of at most `LINES`.

    Args:
        data: complete lines with their newlines, or a part of a very long line.
        start: offset of `data` in the file.
        first: number of the first line.
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
        text, is_cut = _decoded_line(piece)
        if is_cut:
            block.long.append((len(block.lines), block.end, block.end + len(piece)))
        block.lines.append(text)
        block.end += len(piece) + 1
    return block


def _decoded_line(piece: bytes) -> tuple[str, bool]:
    if len(piece) <= LONGEST:
        return piece.decode("utf-8", "replace"), False
    # Of a line that was redrawn with carriage returns, only the last state is visible.
    state = piece.rstrip(b"\r").rpartition(b"\r")[2]
    text = state[: 4 * LONGEST + 4].decode("utf-8", "replace")
    return text[:LONGEST], len(text) > LONGEST


def after(fd: int, offset: int, first: int, *, ended: bool = False) -> Block:
    """Return the block from the byte `offset`, where line `first` begins; without lines if no line is complete.

    The last line of an `ended` log counts without its newline.
    """
    data = journal.complete(fd, offset, READ, ended=ended)
    return next(blocks(data, offset, first), Block(first, offset, offset))


def before(fd: int, end: int, first: int) -> Block:
    """Return the block before the byte `end`, where line `first` begins."""
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
    """Return the block before a line and the one that begins with it; the last lines if there are fewer."""
    offset, first = start_of_line(fd, number)
    return [before(fd, offset, first), after(fd, offset, first, ended=ended)]


def start_of_line(fd: int, number: int) -> tuple[int, int]:
    """Return the offset of a line, and its number: the requested one, or the one after the last."""
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
    count = offset = 0
    while offset < end and (block := read_at(fd, min(SCAN, end - offset), offset)):
        count += block.count(b"\n")
        offset += len(block)
    return count
