"""Event files as TensorBoard reads them.

A file is a series of TFRecords (length, its checksum, data, its checksum), each holding a protocol buffer
`tensorflow.Event` (tensorflow/core/util/event.proto, framework/summary.proto). Only scalars are written.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
WIDE = 64
"""Length from which two bytes are processed at once."""


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()


@cache
def _wide_table() -> list[int]:
    """Return the table for two bytes at once, which halves the time of long records."""
    return [
        _TABLE[_TABLE[pair & 0xFF] & 0xFF ^ pair >> 8] ^ _TABLE[pair & 0xFF] >> 8 for pair in range(65536)
    ]


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of `data`, RFC 3720 appendix B.4."""
    crc, table = 0xFFFFFFFF, _TABLE
    if len(data) >= WIDE and sys.byteorder == "little":
        wide, even = _wide_table(), len(data) & ~1
        for pair in memoryview(data)[:even].cast("H"):
            crc = wide[(crc ^ pair) & 0xFFFF] ^ (crc >> 16)
        data = data[even:]
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> bytes:
    """Return the checksum of a TFRecord, four bytes."""
    # A CRC of data that contains CRCs is weak, so TFRecord rotates it and adds a constant.
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF)


def _framed(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + masked_crc32c(length) + data + masked_crc32c(data)


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF  # negative steps are two's complement
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _single(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:  # TensorBoard keeps single precision
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))


def event(wall_time: float, step: int, scalars: Mapping[str, float]) -> bytes:
    """Return one record with the values of a step.

    Args:
        wall_time: Unix seconds.
        step: within 64 bits.
        scalars: value by tag.
    """
    values = b"".join(
        _field(1, _field(1, tag.encode("utf-8", "replace")) + b"\x15" + _single(value))
        for tag, value in scalars.items()
    )
    return _framed(b"\x09" + struct.pack("<d", wall_time) + b"\x10" + _varint(step) + _field(5, values))


def write(folder: Path, events: Iterable[bytes]) -> Path:
    """Write `events` to a new file in `folder`, named so that TensorBoard finds it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{int(time.time())}.runicorn.{os.getpid()}.{os.urandom(3).hex()}"
    with path.open("xb") as file:
        file.write(_framed(b"\x09" + struct.pack("<d", time.time()) + _field(3, b"brain.Event:2")))
        for record in events:
            file.write(record)
    return path
