"""Fewer points that look like all of them.

Curves are thinned by MinMaxLTTB (J. Van Der Donckt et al., "MinMaxLTTB: Leveraging MinMax-Preselection to Scale
LTTB Visualizations", 2023), which keeps what the eye would see but promises no extreme: those are added here, and
so are places without a number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from metrics.values import Floats, Index

_LTTB = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]
_LEAST = 3
"""Fewer points the library cannot choose."""


def curve(x: NDArray[np.int64] | Floats, heights: Floats, points: int) -> Index:
    """Positions of at most `points` points of a curve, ascending.

    Args:
        x: ascending.
        heights: what the curve is as high as; NaN or infinite where it has no height.
        points: at least 4. First and last, lowest and highest are always among them.
    """
    if len(heights) <= points:
        return np.arange(len(heights))
    finite = np.flatnonzero(np.isfinite(heights))
    keep = {0, len(heights) - 1}
    if len(finite):
        keep |= {int(finite[heights[finite].argmin()]), int(finite[heights[finite].argmax()])}
    gaps = _gaps(heights, (points - len(keep)) // 4 if len(finite) else points - len(keep))
    chosen = np.union1d(np.array(sorted(keep), dtype=np.intp), gaps)
    return np.union1d(chosen, _bends(x, heights, finite, points - len(chosen)))


def evenly(count: int, wanted: int) -> Index:
    """At most `wanted` of `count` positions, evenly spread, both ends among them."""
    if wanted <= 0:
        return np.empty(0, dtype=np.intp)
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).round().astype(np.intp))


def _gaps(heights: Floats, wanted: int) -> Index:
    """Where stretches without a height begin and end; some of them when there are many."""
    odd = ~np.isfinite(heights)
    edges = np.diff(odd, prepend=False, append=False)
    at = np.union1d(np.flatnonzero(edges[:-1] & odd), np.flatnonzero(edges[1:] & odd))
    if len(at) < wanted and odd.all():
        at = np.flatnonzero(odd)
    return at[evenly(len(at), wanted)] if len(at) else at


def _bends(x: NDArray[np.int64] | Floats, heights: Floats, finite: Index, wanted: int) -> Index:
    if wanted < _LEAST or len(finite) <= wanted:
        return finite[evenly(len(finite), wanted)] if len(finite) else finite
    picked = _LTTB.downsample(
        np.ascontiguousarray(x[finite]), np.ascontiguousarray(heights[finite]), n_out=wanted
    )
    bends: Index = finite[picked.astype(np.intp)]
    return bends
