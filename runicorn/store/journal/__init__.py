"""The journal of a run, `events.jsonl`: encode lines, read complete lines.

A line is `{"ts": <Unix seconds>, "type": <kind>, "data": {...}, "crc": <checksum>}`. It is written by one
`write` on a descriptor opened for appending (`runicorn.store.journal.appender`), so lines of threads and processes never
mix, and written lines survive the process. There may be empty lines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

from runicorn import _platform, regular_file
from runicorn.store import fork_lock
from runicorn.store.journal.checksums import is_intact, seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    Encoder = Callable[[dict[str, Any]], bytes]

LINE_CEILING = 64 * 1024 * 1024
"""Length from which a line without an end is returned in pieces, so that a reader gets past it."""

COUNT_BYTES = 1024 * 1024

_plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encoder: Encoder | None = None


def encode(kind: str, data: dict[str, Any], ts: float) -> bytes:
    """Encode one line with its newline. NaN and infinities are written bare, as the format requires.

    Raises:
        TypeError: a value cannot be represented in JSON.
    """
    return (_encoder or load_encoder())({"ts": ts, "type": kind, "data": data})


def load_encoder() -> Encoder:
    """Use orjson if installed. Not at import: it takes longer to import than the rest of the package."""
    global _encoder
    try:
        with fork_lock.lock():
            import orjson
    except ImportError:
        _encoder = encode_slowly
    else:
        _encoder = _with_orjson(orjson.dumps)
    return _encoder


def _with_orjson(dumps: Callable[[dict[str, Any]], bytes]) -> Encoder:
    def encode_quickly(event: dict[str, Any]) -> bytes:
        try:
            record = dumps(event)
        except TypeError:  # a whole number over 64 bits, text that is not Unicode, a key that is no text
            return encode_slowly(event)
        # orjson writes NaN as null; a real null, or the word in a text, only costs time.
        if record.find(b"null") >= 0:  # a third faster than `in`
            return encode_slowly(event)
        head = record[:-1]  # `seal` written out: a call costs as much as the checksum
        return b'%b,"crc":"%08x"}\n' % (head, crc32(head))

    return encode_quickly


def encode_slowly(event: dict[str, Any]) -> bytes:
    """Encode a line with the standard library; invalid Unicode becomes question marks."""
    return seal(_plain(event).encode("utf-8", "replace"))


def complete(fd: int, offset: int, limit: int, *, ended: bool = False) -> bytes:
    """Return the complete lines after `offset`: at most `limit` bytes, or a single longer line.

    Empty if no line is complete, unless the file is `ended`: then the last line counts without its newline. A line over
    `LINE_CEILING` is returned in pieces of that size without a newline; none of them is a record.
    """
    chunk = _platform.read_at(fd, limit, offset)
    end = chunk.rfind(b"\n") + 1
    if ended and len(chunk) < limit:
        return chunk
    if end or len(chunk) < limit:
        return chunk[:end]
    parts, size = [chunk], len(chunk)
    while size < LINE_CEILING:
        more = _platform.read_at(fd, min(max(limit, 65536), LINE_CEILING - size), offset + size)
        if not more:
            return b"".join(parts) if ended else b""
        newline = more.find(b"\n") + 1
        parts.append(more[:newline] if newline else more)
        if newline:
            break
        size += len(more)
    return b"".join(parts)


def count_records(path: Path) -> int:
    """Return the number of complete and undamaged records of a journal; 0 if it cannot be read."""
    try:
        fd = _platform.open_regular(path, follow_links=False)
    except OSError:
        return 0
    offset = records = 0
    try:
        while chunk := complete(fd, offset, COUNT_BYTES):
            offset += len(chunk)
            records += sum(line[-1:] == b"}" and is_intact(line) is not False for line in chunk.split(b"\n"))
    finally:
        os.close(fd)
    return records


def last_step(path: Path) -> int | None:
    """Return the step of the last complete metrics record of a journal; None without one. Reads from the end."""
    try:
        with regular_file.open_binary(path) as file:
            return _last_step(file)
    except OSError:
        return None


def _last_step(file: BinaryIO) -> int | None:
    size, block = file.seek(0, os.SEEK_END), 64 * 1024
    while True:
        begin = max(0, size - block)
        file.seek(begin)
        lines = file.read(size - begin).split(b"\n")
        # The first piece may be half a line, the last one is an incomplete line or empty.
        for line in reversed(lines[1 if begin else 0 : -1]):
            step = _step_of(line)
            if step is not None:
                return step
        if not begin:
            return None
        block *= 4


def _step_of(line: bytes) -> int | None:
    if b'"metrics"' not in line:
        return None
    try:
        event = json.loads(line)
        return int(event["data"]["global_step"]) if event["type"] == "metrics" else None
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        return None  # a damaged line, or one of another program
