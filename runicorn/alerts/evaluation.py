"""Evaluation of alert conditions, for rules of scripts and of the server alike."""

from __future__ import annotations

import operator
from collections.abc import Sequence

OPERATORS = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}
"""Comparisons of numbers or of arrays."""
Memory = list[float]
"""[whether an episode is open, whether the last point was bad, how many points in a row were like it]; [] at first."""
IDLE: Memory = [0.0, 0.0, 0.0]


def episodes(
    is_bad: bool, lengths: Sequence[int], need: int, memory: Memory, calm: int | None = None
) -> tuple[list[tuple[bool, int]], Memory]:
    """Return at which points an episode begins and ends, at most one of each: the first begin and the last end.

    Args:
        is_bad: whether the condition holds for the first points.
        lengths: numbers of points in a row for which it holds and does not hold, in turns; not empty.
        need: consecutive points after which an episode begins.
        memory: that of the points before.
        calm: consecutive points after which it ends; by default `need`.

    Returns:
        Pairs of (begins, index of the point), and the memory for the next points.
    """
    was_open, last, before = memory or IDLE
    calm = need if calm is None else calm
    is_open, begin, end = bool(was_open), -1, -1
    carried = int(before) if bool(last) == is_bad else 0
    at, length, is_bad = -carried, 0, not is_bad
    for count in (lengths[0] + carried, *lengths[1:]):
        at, length, is_bad = at + length, count, not is_bad
        if is_bad != is_open and length >= (need if is_bad else calm):
            is_open = is_bad
            if not is_bad:
                end = max(0, at + calm - 1)
            else:
                begin, end = (max(0, at + need - 1) if begin < 0 else begin), -1
    changes = [(True, begin)] if begin >= 0 and not was_open else []
    return changes + ([(False, end)] if end >= 0 else []), [float(is_open), float(is_bad), float(length)]


def is_idle(memory: Memory) -> bool:
    """Return whether no episode is open or has begun, so that points for which the condition fails change nothing."""
    return not memory or not (memory[0] or memory[1])
