"""Downsampling of curves.

The lowest and the highest point of intervals of equal width in x, and the points on both sides of a gap. What is dense in x
thus has no more points than the rest. A drawn line stays within two intervals of the line through all points.

A close line stays within one: where that through the extremes does not, it has the points beside the border of the two
intervals too (M4 has those of each border: U. Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation",
2014).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.store.columns import Bools, Floats, Index, ascending
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


OF_CLOSE = 4
"""Points that an interval of a close line has at most: its extremes, and what is beside its borders. Some 2.3 on average."""
_EXTREMES = 2
_FINER = 64
"""Most times that intervals are divided if most of them are empty."""


def curve(x: NDArray[np.int64] | Floats, heights: Floats, points: int, *, close: bool = False) -> Index:
    """Return the ascending positions of at most `points` points of a curve.

    Args:
        x: ascending.
        heights: y values; NaN or infinite for a gap.
        points: at least 4. First, last, lowest and highest are always included.
        close: at most four points for each of so many quarters of `points`, instead of two for each of so many halves.
    """
    if len(heights) <= points:
        return np.arange(len(heights))
    odd = ~np.isfinite(heights)
    selected = np.zeros(len(heights), dtype=bool)
    selected[[0, -1]] = True
    if not odd.any():
        selected[_interval_extremes(x, heights, points - 2, close=close)] = True
        return np.flatnonzero(selected)
    finite = np.flatnonzero(~odd)
    remaining = points - 2
    selected[_gaps(odd, remaining // 4 if len(finite) else remaining)] = True
    remaining = points - int(selected.sum())
    at = (
        np.arange(len(finite))
        if len(finite) <= remaining
        else _interval_extremes(x[finite], heights[finite], remaining, close=close)
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


def _interval_extremes(x: NDArray[np.int64] | Floats, heights: Floats, limit: int, *, close: bool) -> Index:
    """Return at most `limit` positions, at least 2: the extremes of intervals of equal width, and what is beside borders."""
    most = OF_CLOSE if close else _EXTREMES
    intervals = max(1, limit // most)
    starts = interval_starts(x, intervals)
    for _ in range(3):
        finer = intervals * min(_FINER, limit // (most * len(starts)))
        if finer <= intervals or len(more := interval_starts(x, finer)) > limit // most:
            break
        intervals, starts = finer, more
    selected = np.zeros(len(heights), dtype=bool)
    selected[_first_at(heights, np.minimum.reduceat(heights, starts), starts)] = True
    # Of equal values the first and the last, so that a level stretch has both ends.
    backwards = len(heights) - np.append(starts[1:], len(heights))[::-1]
    highest = np.maximum.reduceat(heights, starts)[::-1]
    selected[len(heights) - 1 - _first_at(heights[::-1], highest, backwards)] = True
    after = starts[1:]
    width = float(x[-1]) / intervals - float(x[0]) / intervals
    if close:
        far, missed = _beside_borders(x, heights, np.flatnonzero(selected), after, width)
        _add(selected, after[far], (-1, 0), limit)
        _add(selected, after[missed], (-2, -1, 0, 1), limit)
    else:
        # An interval without points leaves room for the ends of the gap.
        number = (
            np.floor(x[starts].astype(float) / width - float(x[0]) / width)
            if width
            else np.zeros(len(starts))
        )
        _add(selected, after[np.diff(number) > 1], (-1, 0), limit)
    return np.flatnonzero(selected)


def _add(selected: Bools, borders: Index, offsets: tuple[int, ...], limit: int) -> None:
    """Select the positions at these offsets from borders; of some borders if there would be more than `limit`."""
    free = (limit - int(selected.sum())) // len(offsets)
    if len(borders) > free:
        borders = borders[evenly(len(borders), free)]
    for offset in offsets:
        selected[(borders + offset).clip(0, len(selected) - 1)] = True


def _beside_borders(
    x: NDArray[np.int64] | Floats, heights: Floats, selected: Index, after: Index, width: float
) -> tuple[Bools, Bools]:
    """Return across which borders a line has no point for more than `width`, and beside which it may be too far away.

    Points that were read of a pyramid are the extremes of buckets: of one that lies across a border all points are
    between its neighbours. Their heights are passed by the line within `width` of each of them, or both sides are needed.

    Args:
        selected: positions of the extremes of each interval.
        after: the first position after each border.
    """
    following = np.searchsorted(selected, after)
    ends = np.stack([selected[following - 1], selected[following]])
    far: Bools = x[ends[1]] - x[ends[0]] > width
    last = len(heights) - 1
    sides = np.stack([(after - 2).clip(0), after - 1, after, (after + 1).clip(0, last)])
    low, high = x[sides[3]] - width, x[sides[0]] + width
    # Of the two intervals only: what is beyond may still change.
    line = np.stack(
        [selected[(following - 2).clip(0)], *ends, selected[(following + 1).clip(0, len(selected) - 1)]]
    )
    low, high = np.maximum(low, x[line[0]]), np.minimum(high, x[line[3]])
    at = np.concatenate([low, high])
    passed = np.interp(at, x[selected], heights[selected]).reshape(2, -1)
    inside = (x[line] >= low) & (x[line] <= high)
    lowest = np.minimum(passed.min(0), np.where(inside, heights[line], np.inf).min(0))
    highest = np.maximum(passed.max(0), np.where(inside, heights[line], -np.inf).max(0))
    needed = heights[sides]
    near = needed[1:3]
    lowest = np.where(far, np.minimum(lowest, near.min(0)), lowest)
    highest = np.where(far, np.maximum(highest, near.max(0)), highest)
    missed: Bools = (lowest > needed.min(0)) | (highest < needed.max(0)) | (low > high)
    return far, missed


def _first_at(heights: Floats, levels: Floats, starts: Index) -> Index:
    """Return the first position of the level of each stretch, given by its start."""
    counts = np.diff(np.append(starts, len(heights)))
    at = np.flatnonzero(heights == np.repeat(levels, counts))
    first: Index = at[np.searchsorted(at, starts)]
    return first
