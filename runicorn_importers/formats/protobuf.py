"""Minimal parser of the protocol buffers wire format (https://protobuf.dev/programming-guides/encoding/).

Other trackers write few messages with fixed field numbers, so neither a library nor generated code is needed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

Value = int | bytes


class Malformed(ValueError):
    """The bytes are not a valid message."""


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """Yield the fields of a message in order: varints as integers, all others as bytes.

    Raises:
        Malformed: the bytes are not a valid message.
    """
    place, size = 0, len(message)
    while place < size:
        tag, place = varint(message, place)
        kind = tag & 7
        if kind == 0:
            value, place = varint(message, place)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, place = varint(message, place)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise Malformed(f"a field of kind {kind}")
        if place + length > size:
            raise Malformed("a field beyond the end")
        yield tag >> 3, message[place : place + length]
        place += length


def varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number and the offset after it.

    Raises:
        Malformed: it is truncated.
    """
    number = shift = 0
    while place < len(data) and shift < 70:
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
        shift += 7
    raise Malformed("a number without an end")


def first(message: bytes, number: int) -> bytes:
    """Return the last field with a number as bytes, as protocol buffers define it; empty if missing."""
    last_value = b""
    for field, value in fields(message):
        if field == number and isinstance(value, bytes):
            last_value = value
    return last_value


def every(message: bytes, number: int) -> list[bytes]:
    return [value for field, value in fields(message) if field == number and isinstance(value, bytes)]


def integer(message: bytes, number: int) -> int:
    """Return a field of type int64; 0 if missing."""
    last_value = 0
    for field, value in fields(message):
        if field == number and isinstance(value, int):
            last_value = value
    return last_value - 2**64 if last_value >= 2**63 else last_value


def text(message: bytes, number: int) -> str:
    """Return a field of type string; "" if missing."""
    return first(message, number).decode("utf-8", "replace")


def double(value: bytes) -> float:
    return float(struct.unpack("<d", value)[0]) if len(value) == 8 else 0.0


def single(value: bytes) -> float:
    return float(struct.unpack("<f", value)[0]) if len(value) == 4 else 0.0


def moment(message: bytes) -> float | None:
    """Return a `google.protobuf.Timestamp` as Unix seconds; None for an empty one."""
    seconds, nanos = integer(message, 1), integer(message, 2)
    return seconds + nanos / 1e9 if seconds or nanos else None
