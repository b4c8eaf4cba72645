"""Split a unified diff into pieces of one kind for colouring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

MOST = 5000
"""Maximum number of shown lines; the download has all of them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive lines of one kind: `file`, `place`, `added`, `removed` or `same`."""

    kind: str
    text: str


def pieces(diff: str) -> list[Piece]:
    """Return the first lines of a diff, grouped by kind."""
    lines = diff.splitlines()[:MOST]
    return [
        Piece(kind, "\n".join(text for _, text in some)) for kind, some in groupby(_kinds(lines), _kind_of)
    ]


def is_longer(diff: str) -> bool:
    """Return whether a diff has more lines than are shown."""
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
    # Lines between `diff` and the first `@@` name files: `--- a/x` is not a removed line there.
    if head:
        return "file"
    return {"@": "place", "+": "added", "-": "removed"}.get(line[:1], "same")
