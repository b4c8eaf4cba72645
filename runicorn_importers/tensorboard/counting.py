"""Independent decoder of the scalars in event files, for the comparison after an import; no checksums."""

from __future__ import annotations

import io
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn_importers.experiment import Series, Tally

Message = dict[int, list[Any]]
START, RESTART = 1, b"\x3a\x02\x08\x01"
"""Status of a session, and the field of an event with such a session."""
NUMBERS = {1: (5, "<f"), 2: (6, "<d")}
"""Field of the values of a tensor, and their format, by its data type."""


def scalars(files: Iterable[Path]) -> dict[str, Series]:
    """Return the statistics of the scalars by tag, without those of steps from which the training was restarted later."""
    tally, paths = Tally(), list(files)
    restarts = [
        (place, _step(event))
        for place, event in _events(paths, RESTART)
        if any(_split(session)[1] == [START] for session in event[7])
    ]
    for place, event in _events(paths):
        if any(later > place and _step(event) >= step for later, step in restarts):
            continue
        for summary in event[5][-1:]:
            for value in _split(summary)[1]:
                _count(_split(value), tally)
    return tally.series()


def _events(files: list[Path], containing: bytes = b"") -> Iterator[tuple[tuple[int, int], Message]]:
    """Yield place and fields of the events with these bytes; an incomplete last record is skipped."""
    for number, file in enumerate(files):
        with regular_file.open_binary(file) as source:
            count = 0
            while len(head := source.read(12)) == 12:
                size = int.from_bytes(head[:8], "little")
                record = source.read(size + 4)
                if len(record) < size + 4:
                    break
                count += 1
                if containing in record:
                    yield (number, count), _split(record[:size])


def _step(event: Message) -> int:
    step = int(event[2][-1]) if event[2] else 0
    return step - 2**64 if step >= 2**63 else step


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
