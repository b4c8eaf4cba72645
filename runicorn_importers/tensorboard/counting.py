"""Independent decoder of the scalars in event files, for the comparison after an import; no checksums."""

from __future__ import annotations

import io
import struct
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn_importers.experiment import Series, Tally

Message = dict[int, list[Any]]
NUMBERS = {1: (5, "<f"), 2: (6, "<d")}
"""Field of the values of a tensor, and their format, by its data type."""


def scalars(files: Iterable[Path]) -> dict[str, Series]:
    """Return the statistics of the scalars by tag; an incomplete last record is skipped."""
    tally = Tally()
    for file in files:
        with regular_file.open_binary(file) as source:
            while len(head := source.read(12)) == 12:
                size = int.from_bytes(head[:8], "little")
                record = source.read(size + 4)
                if len(record) < size + 4:
                    break
                for summary in _split(record[:size])[5][-1:]:
                    for value in _split(summary)[1]:
                        _count(_split(value), tally)
    return tally.series()


def _count(value: Message, tally: Tally) -> None:
    tag = value[1][-1].decode("utf-8", "replace") if value[1] else ""
    if value[2]:
        tally.add(tag, *struct.unpack("<f", value[2][-1]))
        return
    for message in value[8][-1:]:
        tensor = _split(message)
        kind = tensor[1][-1] if tensor[1] else 0
        has_shape = bool(tensor[2]) and bool(_split(tensor[2][-1])[2])
        if kind in NUMBERS and not has_shape:
            field, form = NUMBERS[kind]
            content = next((text for text in (*tensor[4][-1:], *tensor[field][-1:]) if text), b"")
            if len(content) >= struct.calcsize(form):
                tally.add(tag, struct.unpack_from(form, content)[0])


def _split(message: bytes) -> Message:
    """Return the values of each field of a message of protocol buffers."""
    values: Message = defaultdict(list)
    stream = io.BytesIO(message)
    while stream.tell() < len(message):
        tag = _varint(stream)
        if tag & 7 == 0:
            values[tag >> 3].append(_varint(stream))
        else:
            size = {1: 8, 5: 4}.get(tag & 7)
            values[tag >> 3].append(stream.read(_varint(stream) if size is None else size))
    return values


def _varint(stream: io.BytesIO) -> int:
    number = shift = 0
    while byte := stream.read(1):
        number |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            break
    return number
