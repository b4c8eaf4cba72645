"""Downsampling of curves.

The lowest and the highest point of intervals of equal width in x, and the points on both sides of a gap (M4 without what a
line shows anyway: U. Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", 2014). What is dense in x
thus has no more points than the rest. A drawn line stays within two intervals of the line through all points; M4 would
need twice as many points, and of a pyramid the points around each border of two intervals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.store.columns import Bools, Floats, Index, ascending
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


_FINER = 64
"""Most times that intervals are divided if most of them are empty."""


def curve(x: NDArray[np.int64] | Floats, heights: Floats, points: int) -> Index:
    """Return the ascending positions of at most `points` points of a curve.

    Args:
        x: ascending.
        heights: y values; NaN or infinite for a gap.
        points: at least 4. First, last, lowest and highest are always included.
    """
    if len(heights) <= points:
        return np.arange(len(heights))
    odd = ~np.isfinite(heights)
    selected = np.zeros(len(heights), dtype=bool)
    selected[[0, -1]] = True
    if not odd.any():
        selected[_interval_extremes(x, heights, points - 2)] = True
        return np.flatnonzero(selected)
    finite = np.flatnonzero(~odd)
    remaining = points - 2
    selected[_gaps(odd, remaining // 4 if len(finite) else remaining)] = True
    remaining = points - int(selected.sum())
    at = (
        np.arange(len(finite))
        if len(finite) <= remaining
        else _interval_extremes(x[finite], heights[finite], remaining)
    )
    selected[finite[at]] = True
    return np.flatnonzero(selected)


def interval_starts(x: NDArray[np.int64] | Floats, intervals: int) -> Index:
    """Return the positions of the first point in each of so many intervals of equal width in x; not of empty ones.

    Args:
        x: ascending.
    """
    if not len(x):
        return np.empty(0, dtype=np.intp)
    first, last = float(x[0]), float(x[-1])
    # Not their difference, which may exceed the largest float.
    inner = np.arange(1, intervals) / intervals
    bounds = np.searchsorted(x, first * (1 - inner) + last * inner)
    starts = np.concatenate([[0], bounds[bounds < len(x)]])
    filled: Index = starts[np.append(starts[1:] > starts[:-1], True)]
    return filled


def envelope(heights: Floats, edges: Index) -> tuple[Floats, Floats]:
    """Return the lowest and highest value on both sides of each edge, up to its neighbours; infinite without finite values.

    Lines from edge to edge through these enclose every finite value.

    Args:
        heights: all y values; non-finite ones are ignored.
        edges: ascending positions, including the first and the last.
    """
    odd = ~np.isfinite(heights)
    low = np.minimum.reduceat(np.where(odd, np.inf, heights), edges)
    high = np.maximum.reduceat(np.where(odd, -np.inf, heights), edges)
    low[1:], high[1:] = np.minimum(low[1:], low[:-1]), np.maximum(high[1:], high[:-1])
    return low, high


def evenly(count: int, limit: int) -> Index:
    """Return at most `limit` of `count` positions, evenly spaced, including both ends."""
    if limit <= 0 or count == 0:
        return np.empty(0, dtype=np.intp)
    return ascending(np.linspace(0, count - 1, min(limit, count)).round().astype(np.intp))


def _gaps(odd: Bools, limit: int) -> Index:
    """Return where gaps begin and end; some of them if there are many."""
    edges = np.diff(odd, prepend=False, append=False)
    at = np.flatnonzero((edges[:-1] | edges[1:]) & odd)
    if len(at) < limit and odd.all():
        at = np.flatnonzero(odd)
    return at[evenly(len(at), limit)]


def _interval_extremes(x: NDArray[np.int64] | Floats, heights: Floats, limit: int) -> Index:
    """Return at most `limit` positions, at least 2: the extremes of intervals of equal width, and what is beside a gap."""
    intervals = limit // 2
    starts = interval_starts(x, intervals)
    for _ in range(3):
        finer = intervals * min(_FINER, limit // (2 * len(starts)))
        if finer == intervals or len(more := interval_starts(x, finer)) > limit // 2:
            break
        intervals, starts = finer, more
    selected = np.zeros(len(heights), dtype=bool)
    selected[_first_at(heights, np.minimum.reduceat(heights, starts), starts)] = True
    # Of equal values the first and the last, so that a level stretch has both ends.
    backwards = len(heights) - np.append(starts[1:], len(heights))[::-1]
    highest = np.maximum.reduceat(heights, starts)[::-1]
    selected[len(heights) - 1 - _first_at(heights[::-1], highest, backwards)] = True
    # An interval without points leaves room for the ends of the gap.
    width = (float(x[-1]) / intervals) - (float(x[0]) / intervals)
    after = starts[1:]
    number = (
        np.floor(x[starts].astype(float) / width - float(x[0]) / width) if width else np.zeros(len(starts))
    )
    wide = after[np.diff(number) > 1]
    free = (limit - int(selected.sum())) // 2
    if len(wide) > free:
        wide = wide[evenly(len(wide), free)]
    selected[wide] = selected[wide - 1] = True
    return np.flatnonzero(selected)


def _first_at(heights: Floats, levels: Floats, starts: Index) -> Index:
    """Return the first position of the level of each stretch, given by its start."""
    counts = np.diff(np.append(starts, len(heights)))
    at = np.flatnonzero(heights == np.repeat(levels, counts))
    first: Index = at[np.searchsorted(at, starts)]
    return first
