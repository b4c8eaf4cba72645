"""Check of a journal for damage."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.journal import complete
from runicorn.store.journal.checksums import is_intact, salvage

BLOCK = 1024 * 1024
OTHER_KINDS = frozenset({"metrics", "system", "alert"})
"""Kinds of records that are not about a file."""


@dataclass
class JournalState:
    """Content of a journal.

    Attributes:
        size: size in bytes.
        records: number of lines with a record, even after half a line.
        bad: line numbers without a record, from 1 on.
        altered: line numbers with a wrong or missing checksum.
        displaced: line numbers of intact records that repeat the line before, or are earlier than it.
        is_torn: whether the last line is incomplete.
        media: records about files under `media/`.
    """

    size: int = 0
    records: int = 0
    bad: list[int] = field(default_factory=list)
    altered: list[int] = field(default_factory=list)
    displaced: list[int] = field(default_factory=list)
    is_torn: bool = False
    media: list[dict[str, Any]] = field(default_factory=list)


def read_journal(path: Path) -> JournalState:
    fd = _platform.open_regular(path, follow_links=False)
    try:
        state = JournalState(os.fstat(fd).st_size)
        has_checksums, previous, latest = False, b"", 0.0
        for number, line in enumerate(_lines(fd, state), 1):
            if not line.strip():
                continue
            intact = is_intact(line)
            has_checksums |= intact is True
            event = _event(line)
            if event is None:
                state.bad.append(number)
                rest = salvage(line)
                event = _event(rest) if rest else None
            elif intact is False or (intact is None and has_checksums):
                state.altered.append(number)
            if event is not None:
                state.records += 1
                moment = event.get("ts")
                moment = moment if isinstance(moment, int | float) else latest
                if line == previous or moment < latest:
                    state.displaced.append(number)
                previous, latest = line, moment
                _note_media(event, state)
        return state
    finally:
        os.close(fd)


def _lines(fd: int, state: JournalState) -> Iterator[bytes]:
    offset = 0
    while chunk := complete(fd, offset, BLOCK):
        offset += len(chunk)
        yield from chunk.split(b"\n")[:-1] if chunk.endswith(b"\n") else [chunk]
    state.is_torn = offset < state.size


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _note_media(event: dict[str, Any], state: JournalState) -> None:
    data = event.get("data")
    if event.get("type") not in OTHER_KINDS and isinstance(data, dict):
        path = data.get("path")
        if isinstance(path, str) and path.startswith(f"{layout.MEDIA}/") and ".." not in path:
            state.media.append(data)
