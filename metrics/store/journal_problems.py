"""Descriptions of journal problems."""

from __future__ import annotations

from collections.abc import Callable


def english(singular: str, many: str, number: int) -> str:
    """Return the text for a number; pages pass Django's `ngettext` instead."""
    return singular if number == 1 else many


def problems(
    bad_lines: int, untimed: int, altered: int = 0, ngettext: Callable[[str, str, int], str] = english
) -> list[str]:
    """Return a sentence for each kind of problem.

    Args:
        bad_lines: malformed lines.
        untimed: events without a valid time.
        altered: records that do not match their checksum.
    """
    sentences = []
    if bad_lines:
        sentence = ngettext(
            "%(n)s line of the journal could not be read and was skipped.",
            "%(n)s lines of the journal could not be read and were skipped.",
            bad_lines,
        )
        sentences.append(sentence % {"n": f"{bad_lines:,}"})
    if untimed:
        sentence = ngettext(
            "%(n)s record of the journal has no valid time; the time of the previous record is used.",
            "%(n)s records of the journal have no valid time; the time of the previous record is used.",
            untimed,
        )
        sentences.append(sentence % {"n": f"{untimed:,}"})
    if altered:
        sentence = ngettext(
            "%(n)s record of the journal does not match its checksum: the file was changed after it was written.",
            "%(n)s records of the journal do not match their checksums: the file was changed after it was written.",
            altered,
        )
        sentences.append(sentence % {"n": f"{altered:,}"})
    return sentences
