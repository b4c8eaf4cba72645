"""A unified diff as pieces of one kind each, to be coloured: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

MOST = 5000
"""Lines that are shown; the file to download has all."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring lines of one kind: `file`, `place`, `added`, `removed` or `same`."""

    kind: str
    text: str


def pieces(diff: str) -> list[Piece]:
    """The first lines of a diff, those of one kind together."""
    lines = diff.splitlines()[:MOST]
    return [
        Piece(kind, "\n".join(text for _, text in some)) for kind, some in groupby(_kinds(lines), _kind_of)
    ]


def is_longer(diff: str) -> bool:
    """Whether it has more lines than are shown."""
    return len(diff.splitlines()) > MOST


def _kind_of(line: tuple[str, str]) -> str:
    return line[0]


def _kinds(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    head = True
    for line in lines:
        if line.startswith("diff "):
            head = True
        elif line.startswith("@@"):
            head = False
        yield _kind(line, head), line


def _kind(line: str, head: bool) -> str:
    # Between `diff` and the first `@@` the lines tell of files: `--- a/x` is no removed line there.
    if head:
        return "file"
    return {"@": "place", "+": "added", "-": "removed"}.get(line[:1], "same")
