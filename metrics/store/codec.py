"""Lossless encoding of columns: each narrowed to the bytes it needs, without a compressor.

Steps and rows usually grow evenly (no bytes per point), times by little (2–4), and values that were float32 in
training fit into four. A general compressor saved another tenth and made reading three times slower.

A column is one tag byte and a payload; a block of points is a header with the lengths of its columns.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson

from metrics.store.columns import BOOL, FLOAT, INT, MIXED, NULL, TEXT, Bools, Floats, Ints, Values
from metrics.store.points import Points
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


FORMAT = 1
_HEADER = struct.Struct("<BI6I")
_PAIR = struct.Struct("<qq")
_LINEAR, _RAW, _STEPPED, _OFFSET = 1, 2, 0x10, 0x20
_DTYPES = {1: "u1", 2: "u2", 4: "u4"}
"""Types of integers by their width in bytes."""
_CONSTANT, _SINGLE, _DOUBLE = 1, 2, 3
_TICKS, _SECONDS = 1, 2
TICK: float = 2.0**-22
"""Seconds between neighbouring floats at today's dates; times are integer multiples of it until 2038."""


class UnknownFormat(ValueError):
    """The bytes were written by another version of this module."""


def encode(points: Points) -> bytes:
    """Encode all columns of `points`, including `shadow` if present, in one block."""
    columns = (
        encode_ints(points.row),
        encode_ints(points.step),
        _encode_times(points.time),
        encode_values(points.value),
        encode_values(points.stage),
        b"" if points.shadow is None else encode_ints(points.shadow.astype(np.int64)),
    )
    return _HEADER.pack(FORMAT, len(points), *map(len, columns)) + b"".join(columns)


def decode(block: bytes | memoryview) -> Points:
    """Decode a block of `encode`."""
    version, count, *lengths = _HEADER.unpack_from(block)
    if version != FORMAT:
        raise UnknownFormat(f"a block of format {version}")
    view, start, columns = memoryview(block), _HEADER.size, []
    for length in lengths:
        columns.append(view[start : start + length])
        start += length
    row, step, time, value, stage, shadow = columns
    return Points(
        decode_ints(row, count),
        decode_ints(step, count),
        _decode_times(time, count),
        decode_values(value, count),
        decode_values(stage, count),
        decode_ints(shadow, count).astype(bool) if len(shadow) else None,
    )


def encode_thinned(mip: Points, means: Points | None) -> bytes:
    """Encode what a tile keeps for reading it from afar, in one block after the other."""
    return encode(mip) + (b"" if means is None else encode(means))


def decode_means(block: bytes | memoryview) -> Points | None:
    """Return the second of the blocks that `encode_thinned` made; None where an earlier version wrote but one."""
    end = _HEADER.size + sum(_HEADER.unpack_from(block)[2:])
    return decode(memoryview(block)[end:]) if len(block) > end else None


def encode_ints(column: Ints) -> bytes:
    """Encode integers as a linear sequence, as differences to the neighbour or the lowest in 1, 2 or 4 bytes, or unchanged."""
    if len(column) == 0:
        return b""
    steps = np.diff(column)
    if len(steps) == 0 or (steps[0] == steps[-1] and bool((steps == steps[0]).all())):
        return bytes([_LINEAR]) + _PAIR.pack(int(column[0]), int(steps[0]) if len(steps) else 0)
    # Differences wrap around at 64 bits, and so does their sum when decoded.
    by_step, by_offset = _width(steps), _width(column)
    if min(by_step, by_offset) > 4:
        return bytes([_RAW]) + column.tobytes()
    if by_offset <= by_step:
        low = int(column.min())
        return bytes([_OFFSET | by_offset]) + _PAIR.pack(low, 0) + _narrow(column, low, by_offset)
    low = int(steps.min())
    return bytes([_STEPPED | by_step]) + _PAIR.pack(int(column[0]), low) + _narrow(steps, low, by_step)


def decode_ints(column: bytes | memoryview, count: int) -> Ints:
    """Decode the `count` integers of a column of `encode_ints`."""
    if count == 0:
        return np.empty(0, dtype=np.int64)
    tag = column[0]
    if tag == _RAW:
        return np.frombuffer(column, np.int64, offset=1)
    first, low = _PAIR.unpack_from(column, 1)
    if tag == _LINEAR:
        return _linear(first, low, count)
    narrow = np.frombuffer(column, _DTYPES[tag & 0x0F], offset=1 + _PAIR.size)
    if tag & _OFFSET:
        return narrow.astype(np.int64) + np.int64(first)
    out = np.empty(count, dtype=np.int64)
    out[0] = first
    np.cumsum(narrow, dtype=np.int64, out=out[1:])
    out[1:] += _linear(first, low, count)[1:]
    return out


def encode_values(column: Values) -> bytes:
    """Encode the kind, and the values in the format that suits it."""
    return bytes([column.kind]) + _ENCODERS[column.kind](column)


def decode_values(column: bytes | memoryview, count: int) -> Values:
    kind = column[0]
    if kind == FLOAT:
        return Values(FLOAT, _decode_floats(column[1:], count).view(np.int64))
    if kind == INT:
        return Values(INT, decode_ints(column[1:], count))
    if kind == BOOL:
        return Values(BOOL, _decode_bools(column[1:], count).astype(np.int64))
    if kind == TEXT:
        return _decode_texts(column[1:], count)
    return _decode_mixture(column[1:], count) if kind == MIXED else Values.nothing(count)


def _width(column: Ints) -> int:
    """Return the bytes needed for the distances from the lowest value; 8 if four do not suffice."""
    spread = int(column.max()) - int(column.min())
    return next((width for width in _DTYPES if spread < 1 << 8 * width), 8)


def _narrow(column: Ints, low: int, width: int) -> bytes:
    return (column - np.int64(low)).astype(_DTYPES[width]).tobytes()


def _linear(first: int, step: int, count: int) -> Ints:
    if step == 0:
        return np.broadcast_to(np.int64(first), (count,))
    with np.errstate(over="ignore"):
        return np.arange(count, dtype=np.int64) * np.int64(step) + np.int64(first)


def _encode_times(column: Floats) -> bytes:
    # A number of ticks converts back to the same float only within 53 bits; NaN and infinities never do.
    if bool((np.abs(column) < 2.0**53 * TICK).all()):
        ticks = (column / TICK).astype(np.int64)
        # Compared bit by bit: -0.0 equals 0.0, but is another value.
        if bool(((ticks * TICK).view(np.int64) == column.view(np.int64)).all()):
            return bytes([_TICKS]) + encode_ints(ticks)
    return bytes([_SECONDS]) + column.tobytes()


def _decode_times(column: memoryview, count: int) -> Floats:
    if column[0] == _TICKS:
        return np.multiply(decode_ints(column[1:], count), TICK, dtype=np.float64)
    return np.frombuffer(column, np.float64, offset=1)


def _encode_floats(column: Values) -> bytes:
    bits = column.bits
    if len(bits) and bool((bits == bits[0]).all()):
        return bytes([_CONSTANT]) + bits[:1].tobytes()
    floats = np.ascontiguousarray(bits).view(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        single = floats.astype(np.float32)
    if bool((single.astype(np.float64).view(np.int64) == bits).all()):
        return bytes([_SINGLE]) + single.tobytes()
    return bytes([_DOUBLE]) + bits.tobytes()


def _decode_floats(column: memoryview | bytes, count: int) -> Floats:
    if column[0] == _CONSTANT:
        return np.broadcast_to(np.frombuffer(column, np.float64, 1, 1)[0], (count,))
    if column[0] == _SINGLE:
        return np.frombuffer(column, np.float32, offset=1).astype(np.float64)
    return np.frombuffer(column, np.float64, offset=1)


def _encode_bools(column: Values) -> bytes:
    return np.packbits(column.bits.astype(np.uint8)).tobytes()


def _decode_bools(column: memoryview | bytes, count: int) -> Bools:
    return np.unpackbits(np.frombuffer(column, np.uint8), count=count).astype(bool)


def _encode_texts(column: Values) -> bytes:
    """Encode only labels that occur, so that a part of a column has no labels of the rest."""
    bits, codes = np.unique(column.bits, return_inverse=True)
    labels = orjson.dumps([column.labels[code] for code in bits.tolist()])
    return struct.pack("<I", len(labels)) + labels + encode_ints(codes.astype(np.int64).reshape(-1))


def _decode_texts(column: memoryview | bytes, count: int) -> Values:
    (length,) = struct.unpack_from("<I", column)
    labels = tuple(orjson.loads(column[4 : 4 + length]))
    return Values(TEXT, decode_ints(column[4 + length :], count), labels)


def _encode_mixture(column: Values) -> bytes:
    kinds = np.asarray(column.kinds, dtype=np.uint8)
    parts = [kinds.tobytes()]
    for kind in (FLOAT, INT, BOOL, TEXT):
        at = kinds == kind
        part = _ENCODERS[kind](Values(kind, column.bits[at], column.labels)) if at.any() else b""
        parts.append(struct.pack("<I", len(part)) + part)
    return b"".join(parts)


def _decode_mixture(column: memoryview | bytes, count: int) -> Values:
    kinds: NDArray[np.uint8] = np.frombuffer(column, np.uint8, count)
    labels: tuple[str, ...] = ()
    bits, start = np.zeros(count, dtype=np.int64), count
    for kind in (FLOAT, INT, BOOL, TEXT):
        (length,) = struct.unpack_from("<I", column, start)
        if length:
            at = np.flatnonzero(kinds == kind)
            part = decode_values(bytes([kind]) + bytes(column[start + 4 : start + 4 + length]), len(at))
            bits[at], labels = part.bits, part.labels or labels
        start += 4 + length
    return Values(MIXED, bits, labels, kinds)


_ENCODERS: dict[int, Callable[[Values], bytes]] = {
    NULL: lambda column: b"",
    FLOAT: _encode_floats,
    INT: lambda column: encode_ints(column.bits),
    BOOL: _encode_bools,
    TEXT: _encode_texts,
    MIXED: _encode_mixture,
}
