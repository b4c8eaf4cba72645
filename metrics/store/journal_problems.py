"""Describe the problems of a journal."""

from __future__ import annotations


def problems(bad_lines: int, untimed: int, altered: int = 0) -> list[str]:
    """Return a sentence for each kind of problem.

    Args:
        bad_lines: lines that hold no record.
        untimed: events without a time that can be read.
        altered: records that do not match their checksum.
    """
    found = []
    if bad_lines:
        lines, were = ("line", "was") if bad_lines == 1 else ("lines", "were")
        found.append(f"{bad_lines:,} {lines} of the journal could not be read and {were} left out.")
    if untimed:
        records, have = ("record", "has") if untimed == 1 else ("records", "have")
        found.append(
            f"{untimed:,} {records} of the journal {have} no time that can be read; the time before was taken."
        )
    if altered:
        records, do = ("record", "does") if altered == 1 else ("records", "do")
        found.append(
            f"{altered:,} {records} of the journal {do} not match the checksum: the file was changed after it was written. "
            "The values are shown as they are now."
        )
    return found
