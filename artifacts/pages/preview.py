"""The beginning of a file as people can look at it: text, JSON, a table. Pure."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath

BEGINNING = 256 * 1024
"""Bytes that are read of a file to show text."""
LINES, CHARACTERS = 1000, 64 * 1024
ROWS, COLUMNS, CELL = 100, 40, 200
TABLE, TEXT, NOTHING = "table", "text", "nothing"
SEPARATORS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown of a file.

    Attributes:
        kind: `table`, `text` or `nothing`.
        note: a sentence about what is not shown, or "".
        text: as it is.
        head, rows: of a table, all of the same length.
    """

    kind: str
    note: str = ""
    text: str = ""
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def suffix(path: str) -> str:
    """The ending of a path in small letters, with its dot."""
    return PurePosixPath(path).suffix.lower()


def preview(path: str, content: bytes, size: int) -> Preview:
    """What can be shown.

    Args:
        path: its ending says what the file should be.
        content: its beginning, `BEGINNING` bytes unless the file is shorter.
        size: bytes of the whole file.
    """
    if not size:
        return Preview(NOTHING, "The file is empty.")
    whole = len(content) == size
    text = decoded(content, is_whole=whole)
    if text is None:
        return Preview(NOTHING, "This is no text and no picture that could be shown here.")
    if suffix(path) in SEPARATORS and (table := _table(text, SEPARATORS[suffix(path)], whole)):
        return table
    if suffix(path) == ".json" and whole:
        text = _pretty(text)
    return _text(text, whole)


def decoded(content: bytes, *, is_whole: bool) -> str | None:
    """Decode bytes as text, without a character cut off at the end; None if they are not text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content[: len(content) // 2 * 2].decode("utf-16", "replace")
    for cut in range(1 if is_whole else 4):
        try:
            text = content[: len(content) - cut].decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def _text(text: str, whole: bool) -> Preview:
    shown = "\n".join(text[:CHARACTERS].split("\n")[:LINES])
    cut = not whole or len(shown) < len(text.rstrip("\n"))
    lines = shown.count("\n") + 1
    note = f"The first {lines:,} line{'s' if lines > 1 else ''} of the file." if cut else ""
    return Preview(TEXT, note, shown)


def _table(text: str, separator: str, whole: bool) -> Preview | None:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[list[str]] = []
    further = not whole
    try:
        for row in reader:
            if len(rows) > ROWS:
                further = True
                break
            rows.append(row)
    except csv.Error:
        return None
    if not whole and len(rows) <= ROWS:
        del rows[-1:]  # it may have been cut off
    if len(rows) < 2:
        return None
    width = max(map(len, rows))
    shown = min(width, COLUMNS)
    notes = [f"The first {len(rows) - 1:,} rows of the file."] if further else []
    notes += [f"The first {shown} of {width:,} columns."] if width > shown else []
    head, *rest = ([*map(_cell, row[:shown]), *[""] * (shown - len(row))] for row in rows)
    return Preview(TABLE, " ".join(notes), head=head, rows=rest)


def _cell(text: str) -> str:
    return text if len(text) <= CELL else f"{text[:CELL]}…"
