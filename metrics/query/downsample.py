"""Fewer points that look like all of them.

Curves are thinned by MinMaxLTTB (J. Van Der Donckt et al., "MinMaxLTTB: Leveraging MinMax-Preselection to Scale
LTTB Visualizations", 2023): the lowest and highest of many short stretches, and of those what the eye would see.
That promises no extreme: those are added here, and so are places without a number.

Only the second step is `tsdownsample`'s. Its own first step divides the curve by x, and with points close together
among points far apart it reads past its end, which is a panic that no caller survives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tsdownsample import LTTBDownsampler

from metrics.store.columns import Bools, Floats, Index
from metrics.store.pyramid import extremes

_LTTB = LTTBDownsampler()  # type: ignore[no-untyped-call]
_LEAST = 3
"""Fewer points the library cannot choose."""
_PRESELECTED = 4
"""Points for each that is wanted: what the authors found to be enough."""


def curve(x: NDArray[np.int64] | Floats, heights: Floats, points: int) -> Index:
    """Positions of at most `points` points of a curve, ascending.

    Args:
        x: ascending.
        heights: what the curve is as high as; NaN or infinite where it has no height.
        points: at least 4. First and last, lowest and highest are always among them.
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
    """The lowest and the highest height on both sides of each edge, up to its neighbours; infinite where there is no finite value.

    Lines from edge to edge through these enclose every finite height.

    Args:
        heights: of all points; what is not finite does not count.
        edges: ascending positions, the first and the last among them.
    """
    odd = ~np.isfinite(heights)
    low = np.minimum.reduceat(np.where(odd, np.inf, heights), edges)
    high = np.maximum.reduceat(np.where(odd, -np.inf, heights), edges)
    low[1:], high[1:] = np.minimum(low[1:], low[:-1]), np.maximum(high[1:], high[:-1])
    return low, high


def evenly(count: int, wanted: int) -> Index:
    """At most `wanted` of `count` positions, evenly spread, both ends among them."""
    if wanted <= 0 or count == 0:
        return np.empty(0, dtype=np.intp)
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).round().astype(np.intp))


def _gaps(odd: Bools, wanted: int) -> Index:
    """Where stretches without a height begin and end; some of them when there are many."""
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
        finite = finite[extremes(heights[finite], bucket)]
    picked = _LTTB.downsample(
        np.ascontiguousarray(x[finite]), np.ascontiguousarray(heights[finite]), n_out=wanted
    )
    bends: Index = finite[picked.astype(np.intp)]
    return bends
