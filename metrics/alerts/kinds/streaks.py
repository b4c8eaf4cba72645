"""Episodes in a series: consecutive points for which a condition holds, found for many points at once."""

from __future__ import annotations

import numpy as np

from metrics.alerts.kinds.base import Memory
from metrics.store.columns import Bools

IDLE: Memory = [0.0, 0.0, 0.0]


def changes(bad: Bools, need: int, memory: Memory) -> tuple[list[tuple[bool, int]], Memory]:
    """Return at which points an episode begins and ends, at most one of each: the first begin and the last end.

    Args:
        bad: for which points the condition holds; not empty.
        need: consecutive points after which an episode begins, and after which it ends.
        memory: [whether an episode is open, the last point, how many points in a row were like it].

    Returns:
        Pairs of (begins, index), and the memory for the next points.
    """
    is_open, last, length = memory or IDLE
    edges = np.flatnonzero(bad[1:] != bad[:-1]) + 1
    starts, ends = np.append(0, edges), np.append(edges, len(bad))
    lengths, reached = ends - starts, starts + (need - 1)
    if length and bool(last) == bool(bad[0]):
        lengths[0] += int(length)
        reached[0] = max(0, need - 1 - int(length))
    is_bad, is_long = bad[starts], lengths >= need
    begins, calms = np.flatnonzero(is_long & is_bad), np.flatnonzero(is_long & ~is_bad)
    latest = is_bad[is_long]
    stays_open = bool(latest[-1]) if len(latest) else bool(is_open)
    found = []
    if not is_open and len(begins):
        found.append((True, int(reached[begins[0]])))
    if (is_open or len(begins)) and not stays_open:
        after = calms[calms > begins[-1]] if len(begins) else calms
        found.append((False, int(reached[after[0]])))
    return found, [float(stays_open), float(bad[-1]), float(lengths[-1])]


def is_idle(memory: Memory) -> bool:
    """Return whether no episode is open or has begun, so that points for which the condition fails change nothing."""
    return not memory or not (memory[0] or memory[1])
