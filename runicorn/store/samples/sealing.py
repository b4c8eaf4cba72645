"""Sealed chunks: gzip files whose members can be found without decompressing those before them.

The header of each member has an extra field (RFC 1952, 2.3.1.1) with the identifier `RS`: the bytes of the member, the
bytes of its content and the number of its lines, as little-endian integers of 64, 64 and 32 bits. The last member is empty;
a second extra field `RI` has the first two of these for every member before it, as 32 bits each, and then its own number
of members, in the four bytes before the 10 of the empty content. Without it, and in a chunk of more than 7,000 members, the
headers are read one after another.
"""

from __future__ import annotations

import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, NamedTuple

from runicorn import _platform, regular_file

BLOCK_BYTES = 64 * 1024
LEVEL = 1
"""Higher levels cost a multiple of the time for a few percent of text."""
_FIXED = struct.Struct("<4sIBBHccH")
_SIZES = struct.Struct("<QQI")
_HEADER = _FIXED.size + _SIZES.size
_END = struct.Struct("<II")
_PAIR = struct.Struct("<II")
MOST_EXPANDED = 1032
"""Bytes of content for each byte of DEFLATE at most (zlib's Technical Details)."""
_EMPTY = b"\x03\x00" + bytes(8)
"""Compressed form of nothing, with its checksum and length."""
MOST_LISTED = 7000
"""Members in the table: an extra field has at most 64 KiB."""


class Blocks(NamedTuple):
    """The gzip members of a sealed chunk that have content. Lists, because a thousand of them are read to open it.

    Attributes:
        starts: offsets of their contents in the uncompressed chunk, and its size.
        places: offsets of the members in the file.
        packed: bytes of the members.
    """

    starts: list[int]
    places: list[int]
    packed: list[int]


class DamagedChunk(OSError):
    """A sealed chunk is truncated or altered."""


def seal(plain: Path, sealed: Path) -> int:
    """Write the sealed form of a chunk and remove the plain one; return the bytes of the sealed file.

    Raises:
        OSError: it could not be written; the plain chunk is unchanged.
    """
    beside = sealed.with_name(f".{sealed.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        with regular_file.open_binary(plain) as source, open(beside, "xb") as target:
            sizes = []
            for content in _blocks(source):
                member = _member(content)
                sizes.append((len(member), len(content)))
                target.write(member)
            target.write(_table(sizes))
            size = target.tell()
            target.flush()
            os.fsync(target.fileno())
        os.replace(beside, sealed)
    finally:
        with suppress(FileNotFoundError):  # it was renamed
            beside.unlink()
    _platform.fsync_directory(sealed.parent)
    plain.unlink()
    return size


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    """Yield whole lines of about `BLOCK_BYTES`; an incomplete last line is a part of the last block."""
    lines: list[bytes] = []
    size = 0
    for line in source:
        lines.append(line)
        size += len(line)
        if size >= BLOCK_BYTES:
            yield b"".join(lines)
            lines, size = [], 0
    if lines:
        yield b"".join(lines)


def _member(content: bytes) -> bytes:
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(content) + deflate.flush()
    total = _HEADER + len(body) + _END.size
    fixed = _FIXED.pack(b"\x1f\x8b\x08\x04", 0, 0, 255, 4 + _SIZES.size, b"R", b"S", _SIZES.size)
    sizes = _SIZES.pack(total, len(content), content.count(b"\n"))
    return fixed + sizes + body + _END.pack(zlib.crc32(content), len(content) & 0xFFFFFFFF)


def _table(sizes: list[tuple[int, int]]) -> bytes:
    """Return the last member, which lists the others; nothing if they are too many or too large."""
    if len(sizes) > MOST_LISTED or any(max(pair) >= 2**32 for pair in sizes):
        return b""
    table = b"".join(_PAIR.pack(*pair) for pair in sizes) + struct.pack("<I", len(sizes))
    extra = 4 + _SIZES.size + 4 + len(table)
    total = 12 + extra + len(_EMPTY)
    return b"".join(
        [
            struct.pack("<4sIBBH", b"\x1f\x8b\x08\x04", 0, 0, 255, extra),
            struct.pack("<2sH", b"RS", _SIZES.size) + _SIZES.pack(total, 0, 0),
            struct.pack("<2sH", b"RI", len(table)) + table,
            _EMPTY,
        ]
    )


class SealedChunk:
    """Random access to a sealed chunk.

    Raises:
        DamagedChunk: a header is missing or altered.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._fd = _platform.open_regular(path, follow_links=False)
        try:
            self.blocks = _listed(self._fd) or _members(self._fd)
        except OSError:
            os.close(self._fd)
            raise
        self._starts = self.blocks.starts
        self.size = self._starts[-1]
        self._last: tuple[int, bytes] = (-1, b"")

    def close(self) -> None:
        os.close(self._fd)

    def content(self, number: int) -> bytes:
        """Return the content of a block."""
        if self._last[0] == number:
            return self._last[1]
        place, size = self.blocks.places[number], self._starts[number + 1] - self._starts[number]
        packed = _platform.read_at(self._fd, self.blocks.packed[number], place)
        if size > len(packed) * MOST_EXPANDED:
            raise DamagedChunk(f"The block at byte {place} cannot have {size} bytes of content.")
        try:
            # Not more than the header promises: the file may come from another user.
            inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            content = inflate.decompress(packed[_HEADER : -_END.size], size + 1)
        except zlib.error as error:
            raise DamagedChunk(f"A block at byte {place} cannot be decompressed.") from error
        if (
            len(content) != size
            or _END.pack(zlib.crc32(content), len(content) & 0xFFFFFFFF) != packed[-_END.size :]
        ):
            raise DamagedChunk(f"The block at byte {place} does not match its checksum.")
        self._last = (number, content)
        return content

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes of the uncompressed chunk at `offset`; fewer only at its end."""
        parts = []
        for content in self.contents(offset):
            parts.append(content[:size])
            size -= len(content)
            if size <= 0:
                break
        return b"".join(parts)

    def contents(self, offset: int) -> Iterator[bytes]:
        """Yield the uncompressed chunk from `offset` on, block by block."""
        starts = self._starts
        for number in range(max(0, bisect_right(starts, offset) - 1), len(starts) - 1):
            begin = max(0, offset - starts[number])
            yield self.content(number)[begin:]


def _listed(fd: int) -> Blocks | None:
    """Return the members by the table at the end; None if there is no valid one."""
    end = os.fstat(fd).st_size
    tail = _platform.read_at(fd, 4 + len(_EMPTY), max(0, end - 4 - len(_EMPTY)))
    if len(tail) < 4 + len(_EMPTY) or tail[4:] != _EMPTY:
        return None
    count = int.from_bytes(tail[:4], "little")
    length = count * _PAIR.size
    start = end - len(tail) - length
    if not 0 < count <= MOST_LISTED or start < 0:
        return None
    numbers = struct.unpack(f"<{2 * count}I", _platform.read_at(fd, length, start))
    packed = list(numbers[0::2])
    *places, rest = accumulate(packed, initial=0)
    # What follows the members is the header of the table alone.
    if rest >= start or start - rest != _HEADER + 4 or min(packed) <= _HEADER:
        return None
    return Blocks(list(accumulate(numbers[1::2], initial=0)), places, packed)


def _members(fd: int) -> Blocks:
    """Return the members by their headers."""
    blocks = Blocks([0], [], [])
    place, end = 0, os.fstat(fd).st_size
    while place < end:
        header = _platform.read_at(fd, _HEADER, place)
        if len(header) < _HEADER or header[:4] != b"\x1f\x8b\x08\x04" or header[12:14] != b"RS":
            raise DamagedChunk(f"There is no block at byte {place}.")
        packed, size, _ = _SIZES.unpack_from(header, _FIXED.size)
        if packed < _HEADER + _END.size or place + packed > end:
            raise DamagedChunk(f"The block at byte {place} is truncated.")
        if size:
            blocks.starts.append(blocks.starts[-1] + size)
            blocks.places.append(place)
            blocks.packed.append(packed)
        place += packed
    return blocks
