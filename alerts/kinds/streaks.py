"""Episodes of a condition over consecutive points, vectorized."""

from __future__ import annotations

from itertools import pairwise

from alerts.kinds.base import Memory
from metrics.store.columns import Bools, Ints
from runicorn.alerts.evaluation import IDLE, episodes, is_idle
from runs.store.lazy_numpy import np

__all__ = ["IDLE", "changes", "is_idle"]

FEW = 16
"""Number of streaks up to which `episodes` is faster alone."""


def changes(bad: Bools, need: int, memory: Memory) -> tuple[list[tuple[bool, int]], Memory]:
    """Return where an episode begins and ends, see `episodes`; `bad` is not empty."""
    edges = np.flatnonzero(bad[1:] != bad[:-1]) + 1
    first = bool(bad[0])
    if len(edges) > FEW:
        first, edges = _decisive(first, edges, len(bad), need, memory or IDLE)
    bounds = [0, *edges.tolist(), len(bad)]
    return episodes(first, [stop - start for start, stop in pairwise(bounds)], need, memory)


def _decisive(first: bool, edges: Ints, size: int, need: int, memory: Memory) -> tuple[bool, Ints]:
    """Merge the streaks that do not change the result of `episodes`; return the state of the first, and the edges.

    A streak opens or closes an episode only if it is long enough and the previous long one was of the other state. All
    between two such streaks can count as the first of them, and of many episodes only the first begin and the last end
    are reported. The last streak is remembered, so it stays.
    """
    was_open, last, before = memory
    starts = np.concatenate(([0], edges))
    lengths = np.diff(starts, append=size)
    if bool(last) == first:
        lengths[0] += int(before)
    long = np.flatnonzero(lengths >= need)
    states = (long % 2 == 0) == first
    turns = long[states != np.concatenate(([bool(was_open)], states[:-1]))]
    if len(turns) > 5:
        # An even number is left out, so that the states still alternate.
        turns = np.concatenate((turns[: 2 + len(turns) % 2], turns[-2:]))
    end = len(starts) - 1
    state = (turns[-1] % 2 == 0) == first if len(turns) else bool(was_open)
    is_same = ((end % 2 == 0) == first) == state
    tail = [end - 1, end] if is_same else [end]
    indices = np.concatenate(
        (turns, [index for index in tail if not len(turns) or index > turns[-1]])
    ).astype(int)
    if indices[0] == 0:
        return first, starts[indices[1:]]
    return bool(was_open), starts[indices]
