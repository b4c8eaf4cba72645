"""A run as one JSON document: small files, records, log, and optionally media as base64."""

from __future__ import annotations

import base64
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.journal.records import metric_records
from runicorn.store.values import DEPTH
from runicorn_tools.archives.write import run_entries

FORMAT = "runicorn.run/1"
SMALL = {
    "meta": layout.META,
    "status": layout.STATUS,
    "summary": layout.SUMMARY,
    "config": layout.CONFIG,
    "curation": layout.CURATION,
    "environment": layout.ENVIRONMENT,
    "artifacts_created": layout.ARTIFACTS_CREATED,
    "artifacts_used": layout.ARTIFACTS_USED,
    "assets": layout.ASSETS,
}
BLOCK = 3 * 256 * 1024
"""Block size of base64: a multiple of three, so that encoded blocks can be joined."""


def pieces(run_dir: Path, *, include_media: bool = False) -> Iterator[bytes]:
    """Yield the document in constant memory: `{format, id, meta, status, …, metrics: [{…}], logs, media?}`.

    NaN and infinities are `null`, since JSON has no numbers for them.
    """
    yield f'{{"format": {_json(FORMAT)}, "id": {_json(run_dir.name)}'.encode()
    for key, file in SMALL.items():
        yield f",\n{_json(key)}: {_json(layout.read_json(run_dir / file)[0])}".encode()
    yield b',\n"metrics": ['
    comma = b"\n"
    for record in metric_records(run_dir):
        yield comma + _json(record).encode()
        comma = b",\n"
    yield b'],\n"logs": "'
    yield from _log(run_dir / layout.LOGS)
    yield b'"'
    if include_media:
        yield from _media(run_dir)
    yield b"}\n"


def _log(path: Path) -> Iterator[bytes]:
    """Yield the log as the inside of a JSON string; invalid UTF-8 becomes question marks."""
    try:
        fd = _platform.open_regular(path, follow_links=False)
    except FileNotFoundError:
        return
    try:
        offset, rest = 0, b""
        while block := _platform.read_at(fd, BLOCK, offset):
            offset += len(block)
            # A block may end inside a character, which has at most four bytes.
            text, rest = _cut(rest + block)
            yield _json(text.decode("utf-8", "replace"))[1:-1].encode()
        yield _json(rest.decode("utf-8", "replace"))[1:-1].encode()
    finally:
        os.close(fd)


def _cut(content: bytes) -> tuple[bytes, bytes]:
    for back in range(1, min(4, len(content)) + 1):
        if content[-back] & 0xC0 != 0x80:
            return (content[:-back], content[-back:]) if content[-back] & 0x80 else (content, b"")
    return content, b""


def _media(run_dir: Path) -> Iterator[bytes]:
    yield b',\n"media": ['
    comma = b"\n"
    for entry in run_entries(run_dir, [layout.MEDIA]):
        try:
            fd = _platform.open_regular(entry.path, follow_links=False)
        except FileNotFoundError:
            continue
        try:
            size, offset = os.fstat(fd).st_size, 0
            yield comma + f'{{"path": {_json(entry.name)}, "size": {size}, "base64": "'.encode()
            while offset < size and (block := _platform.read_at(fd, min(BLOCK, size - offset), offset)):
                offset += len(block)
                yield base64.b64encode(block)
            yield b'"}'
        finally:
            os.close(fd)
        comma = b",\n"
    yield b"]"


def _json(value: Any) -> str:
    # Lone surrogates are not valid Unicode; escaped they are valid JSON.
    return json.dumps(_finite(value, 0), allow_nan=False)


def _finite(value: Any, depth: int) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth > DEPTH:
        return None
    if isinstance(value, dict):
        return {key: _finite(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item, depth + 1) for item in value]
    return value
