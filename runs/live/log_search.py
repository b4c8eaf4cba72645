"""Search in a log of any size, in constant memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypedDict

from runicorn.api.responses.run_files import LogLine, LogMatches
from runicorn.store import journal

BLOCK = 1024 * 1024
MOST = 10_000
"""Maximum number of returned lines; all matches are counted."""
LONGEST = 10_000
ESCAPES = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""Terminal colour sequences, which may separate words of one text."""


class MatchingLines(TypedDict):
    """Numbers of the first `MOST` matching lines, and the number of all."""

    numbers: list[int]
    total: int


def matching_lines(fd: int, text: str, *, ended: bool = False) -> LogMatches:
    """Return the lines of a UTF-8 file that contain `text`, ignoring case, with their numbers starting at 1."""
    return collect(_containing(fd, text, ended))


def matching_numbers(fd: int, text: str, *, ended: bool = False) -> MatchingLines:
    """Return the numbers of the lines that contain `text`, in any case."""
    return count(_containing(fd, text, ended))


def collect(lines: Iterable[tuple[int, str]]) -> LogMatches:
    """Return the first `MOST` lines and the number of all."""
    matches: list[LogLine] = []
    total = 0
    for number, line in lines:
        total += 1
        if len(matches) < MOST:
            matches.append({"line": number, "text": line[:LONGEST]})
    return {"matches": matches, "total": total, "truncated": total > len(matches)}


def count(lines: Iterable[tuple[int, str]]) -> MatchingLines:
    """Return the numbers of the first `MOST` lines and the number of all."""
    numbers: list[int] = []
    total = 0
    for number, _ in lines:
        total += 1
        if len(numbers) < MOST:
            numbers.append(number)
    return {"numbers": numbers, "total": total}


def _containing(fd: int, text: str, ended: bool) -> Iterator[tuple[int, str]]:
    needle = text.casefold()

    def contains(line: str) -> bool:
        return needle in line.casefold()

    # Searching a whole block first is many times faster than line by line, and most have no match.
    return lines_that(fd, contains, ended=ended, in_block=contains)


def lines_that(
    fd: int,
    matches: Callable[[str], object],
    *,
    ended: bool = False,
    in_block: Callable[[str], bool] = lambda block: True,
) -> Iterator[tuple[int, str]]:
    """Yield (number, line) of the lines that match without their terminal colours.

    Args:
        fd: an open UTF-8 file.
        matches: whether a line matches.
        ended: whether the last line counts without its newline.
        in_block: whether any line of a block can match.
    """
    number, offset = 1, 0
    while block := journal.complete(fd, offset, BLOCK, ended=ended):
        lines = block.decode("utf-8", "replace")
        plain_lines = ESCAPES.sub("", lines) if b"\x1b" in block else lines
        if in_block(plain_lines):
            for place, (line, plain) in enumerate(
                zip(lines.removesuffix("\n").split("\n"), plain_lines.split("\n"), strict=False)
            ):
                if matches(plain):
                    yield number + place, line
        number += block.count(b"\n")
        offset += len(block)
