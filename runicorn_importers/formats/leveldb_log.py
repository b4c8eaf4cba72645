"""Records of LevelDB's log format with zlib's CRC-32, as W&B and SwanLab write them.

https://github.com/google/leveldb/blob/main/doc/log_format.md: fragments in blocks of 32 KiB, the first after a file header.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from runicorn import regular_file
from runicorn_importers.experiment import NotReadable

HEAD_BYTES = 7
BLOCK = 32768
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def records(file: Path, head: bytes, tracker: str) -> Iterator[bytes]:
    """Yield the records; an incomplete last record is skipped.

    Args:
        head: what its header begins with.
        tracker: name for the message.

    Raises:
        NotReadable: the file has another header, or is damaged.
    """
    parts: list[bytes] = []
    with regular_file.open_binary(file) as source:
        if not source.read(HEAD_BYTES).startswith(head):
            raise NotReadable(f"{file} is not a file of {tracker}.")
        while True:
            rest = BLOCK - source.tell() % BLOCK
            if rest < 7:
                source.seek(rest, 1)
                continue
            start = source.read(7)
            if len(start) < 7:
                return
            checksum, length, kind = struct.unpack("<IHB", start)
            piece = source.read(length)
            if len(piece) < length or (kind == 0 and length == 0):
                return
            if zlib.crc32(start[6:] + piece) != checksum:
                raise NotReadable(f"{file} is damaged: the checksum of a record does not match.")
            if kind in (FULL, FIRST):
                parts = []
            parts.append(piece)
            if kind in (FULL, LAST):
                yield b"".join(parts)
