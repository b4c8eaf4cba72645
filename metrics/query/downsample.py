"""Downsampling of curves.

MinMaxLTTB (J. Van Der Donckt et al., "MinMaxLTTB: Leveraging MinMax-Preselection to Scale LTTB Visualizations", 2023):
preselect the extremes of many short intervals, then the visually significant ones among these. The algorithm guarantees
no extremes, so they are added here, and so are gaps.

Only the second step uses `tsdownsample`. Its own first step divides the curve by x; for clustered points it reads out of
bounds, a panic that terminates the process.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tsdownsample import LTTBDownsampler

from metrics.store.columns import Bools, Floats, Index
from metrics.store.pyramid import extremes

_LTTB = LTTBDownsampler()  # type: ignore[no-untyped-call]
_LEAST = 3
"""Minimum number of points that the library supports."""
_PRESELECTED = 4
"""Preselected points per requested point, as recommended by the authors."""


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
    finite = np.flatnonzero(~odd)
    chosen = np.zeros(len(heights), dtype=bool)
    chosen[[0, -1]] = True
    if len(finite):
        chosen[[finite[heights[finite].argmin()], finite[heights[finite].argmax()]]] = True
    if len(finite) < len(heights):
        left = points - int(chosen.sum())
        chosen[_gaps(odd, left // 4 if len(finite) else left)] = True
    chosen[_bends(x, heights, finite, points - int(chosen.sum()))] = True
    return np.flatnonzero(chosen)


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


def evenly(count: int, wanted: int) -> Index:
    """Return at most `wanted` of `count` positions, evenly spaced, including both ends."""
    if wanted <= 0 or count == 0:
        return np.empty(0, dtype=np.intp)
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).round().astype(np.intp))


def _gaps(odd: Bools, wanted: int) -> Index:
    """Return where gaps begin and end; some of them if there are many."""
    edges = np.diff(odd, prepend=False, append=False)
    at = np.flatnonzero((edges[:-1] | edges[1:]) & odd)
    if len(at) < wanted and odd.all():
        at = np.flatnonzero(odd)
    return at[evenly(len(at), wanted)]


def _bends(x: NDArray[np.int64] | Floats, heights: Floats, finite: Index, wanted: int) -> Index:
    if wanted < _LEAST or len(finite) <= wanted:
        return finite[evenly(len(finite), wanted)]
    if len(finite) > _PRESELECTED * wanted:
        # Two points of each bucket remain.
        bucket = -(-2 * len(finite) // (_PRESELECTED * wanted))
        # Without gaps the positions are those of all heights, and need no copy.
        dense = heights if len(finite) == len(heights) else heights[finite]
        finite = finite[extremes(dense, bucket)]
    picked = _LTTB.downsample(
        np.ascontiguousarray(x[finite]), np.ascontiguousarray(heights[finite]), n_out=wanted
    )
    bends: Index = finite[picked.astype(np.intp)]
    return bends
