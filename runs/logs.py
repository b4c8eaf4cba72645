"""Finding lines in a log of any size: pure, in constant memory."""

from __future__ import annotations

from typing import Any

from runicorn import journal

BLOCK = 1024 * 1024
MOST = 10_000
"""Matching lines that are answered; all are counted."""
LONGEST = 10_000


def matching_lines(fd: int, text: str) -> dict[str, Any]:
    """The lines that contain `text` in any case, each with its number from 1 on, in a file of UTF-8 lines."""
    wanted = text.casefold()
    matches: list[dict[str, Any]] = []
    total, number, offset = 0, 1, 0
    while block := journal.complete(fd, offset, BLOCK):
        lines = block.decode("utf-8", "replace")
        # Looking through a block at once is many times quicker than line by line, and most have no match.
        if wanted in lines.casefold():
            for place, line in enumerate(lines.split("\n")):
                if wanted in line.casefold():
                    total += 1
                    if len(matches) < MOST:
                        matches.append({"line": number + place, "text": line[:LONGEST]})
        number += block.count(b"\n")
        offset += len(block)
    return {"matches": matches, "total": total, "truncated": total > len(matches)}
