"""Checksums of journal records.

A record ends in `,"crc":"<8 hex digits>"}`: the CRC-32 of the bytes before that field. Readers that do not know the
field ignore it.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

START = b'{"ts":'
_FIELD = b',"crc":"'
_LENGTH = len(_FIELD) + 8 + len(b'"}')


def seal(record: bytes) -> bytes:
    """Return the line of a JSON object: with its checksum and a newline."""
    head = record[:-1]
    return b'%b,"crc":"%08x"}\n' % (head, crc32(head))


def is_intact(line: bytes) -> bool | None:
    """Return whether a line (without its newline) matches its checksum; None for a line that has no checksum."""
    if line[-_LENGTH:-10] != _FIELD:
        return None
    # A sample has up to 256 MB, which are not copied.
    head = line[:-_LENGTH] if len(line) < 65536 else memoryview(line)[:-_LENGTH]
    return b"%08x" % crc32(head) == line[-10:-2]


def altered_lines(lines: Iterable[bytes]) -> list[int]:
    """Return the positions of lines that do not match their checksum."""
    # `is_intact` written out: a call for each line would cost as much as the checksum.
    start, field, crc = -_LENGTH, _FIELD, crc32
    return [
        i
        for i, line in enumerate(lines)
        if line[start:-10] == field and b"%08x" % crc(line[:start]) != line[-10:-2]
    ]


def salvage(line: bytes) -> bytes:
    """Return the intact record at the end of a damaged line, or b"".

    A process that was killed in the middle of a write leaves half a line, and the record of another process may follow
    it without a newline.
    """
    start = line.rfind(START)
    return line[start:] if start > 0 and is_intact(line[start:]) else b""
