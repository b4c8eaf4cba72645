"""Preview the beginning of a file as text, JSON or a table."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

BEGINNING = 256 * 1024
"""Bytes that are read of a file to show text."""
LINES, CHARACTERS = 1000, 64 * 1024
ROWS, COLUMNS, CELL = 100, 40, 200
TABLE, TEXT, NOTHING = "table", "text", "nothing"
SEPARATORS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Preview:
    """Preview of a file.

    Attributes:
        kind: `table`, `text` or `nothing`.
        note: a sentence about what is not shown, or "".
        head, rows: of a table, all of the same length.
    """

    kind: str
    note: str = ""
    text: str = ""
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def suffix(path: str) -> str:
    """Return the file extension in lower case, with its dot."""
    return PurePosixPath(path).suffix.lower()


def preview(path: str, content: bytes, size: int) -> Preview:
    """Return a preview.

    Args:
        path: its extension determines the format.
        content: its beginning, `BEGINNING` bytes unless the file is shorter.
        size: bytes of the whole file.
    """
    if not size:
        return Preview(NOTHING, _("The file is empty."))
    is_complete = len(content) == size
    text = decoded(content, is_whole=is_complete)
    if text is None:
        return Preview(NOTHING, _("No preview: this is neither text nor an image."))
    if suffix(path) in SEPARATORS and (table := _table(text, SEPARATORS[suffix(path)], is_complete)):
        return table
    if suffix(path) == ".json" and is_complete:
        text = _pretty(text)
    return _text(text, is_complete)


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


def _text(text: str, is_complete: bool) -> Preview:
    excerpt = "\n".join(text[:CHARACTERS].split("\n")[:LINES])
    cut = not is_complete or len(excerpt) < len(text.rstrip("\n"))
    lines = excerpt.count("\n") + 1
    note = ngettext("First %(n)s line.", "First %(n)s lines.", lines) % {"n": f"{lines:,}"} if cut else ""
    return Preview(TEXT, note, excerpt)


def _table(text: str, separator: str, is_complete: bool) -> Preview | None:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[list[str]] = []
    further = not is_complete
    try:
        for row in reader:
            if len(rows) > ROWS:
                further = True
                break
            rows.append(row)
    except csv.Error:
        return None
    if not is_complete and len(rows) <= ROWS:
        del rows[-1:]  # it may have been cut off
    if len(rows) < 2:
        return None
    width = max(map(len, rows))
    visible = min(width, COLUMNS)
    body = len(rows) - 1
    notes = [ngettext("First %(n)s row.", "First %(n)s rows.", body) % {"n": f"{body:,}"}] if further else []
    if width > visible:
        notes.append(_("First {shown} of {total} columns.").format(shown=visible, total=f"{width:,}"))
    head, *rest = ([*map(_cell, row[:visible]), *[""] * (visible - len(row))] for row in rows)
    return Preview(TABLE, " ".join(notes), head=head, rows=rest)


def _cell(text: str) -> str:
    return text if len(text) <= CELL else f"{text[:CELL]}…"
