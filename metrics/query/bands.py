"""Bands of downsampled curves: range and mean of all their points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metrics.query import downsample
from metrics.store.columns import Floats, Index
from metrics.store.means import counts
from metrics.store.points import Points
from runicorn.api.responses.metrics import Band
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


NOISE = 0.4
"""Share of points at which a curve turns round, from which on a line through them would be a block of ink."""
DIGITS = 5
"""Significant digits of a band among many: as many as a page shows of a value."""


def is_noise(heights: Floats) -> bool:
    """Return whether a curve turns round so often that its points are noise."""
    with np.errstate(invalid="ignore"):
        signs = np.sign(np.diff(heights))
    return int(np.count_nonzero(signs[1:] * signs[:-1] < 0)) > NOISE * len(heights)


def band(x: NDArray[Any], heights: Floats, edges: Index, along: NDArray[Any], means: Points) -> Band:
    """Return range and mean of all points, at some of the shown positions.

    Args:
        x, heights: the points.
        edges: ascending positions, including the first and the last.
        along: x of `means`.
        means: of all points.
    """
    low, high = downsample.envelope(heights, edges)
    if np.abs(heights[np.isfinite(heights)]).max(initial=0) < np.finfo(np.float32).max:
        # A shaded area needs no more digits than it has pixels.
        low, high = low.astype(np.float32), high.astype(np.float32)
    return {
        "x": _column(x[edges]),
        "low": _column(low),
        "high": _column(high),
        "mean": _column(_mean(along, means, x[edges])),
    }


def finish(band: Band, *, noise: bool, compact: bool) -> None:
    """Mark a band of noise, and round a compact one."""
    if noise:
        band["noise"] = True
    if compact:
        shorten(band)


def shorten(band: Band) -> None:
    """Round a band to `DIGITS` digits."""
    band["low"], band["high"] = _column(rounded(band["low"])), _column(rounded(band["high"]))
    band["mean"] = _column(rounded(band["mean"]))


def rounded(values: Any) -> Floats:
    """Return values with `DIGITS` significant digits; those that are not finite, huge or tiny unchanged."""
    digits = np.asarray(values, dtype=float).copy()
    # Powers of ten are exact up to 1e22.
    usual = (np.abs(digits) > 1e-15) & (np.abs(digits) < 1e15)
    exponents = DIGITS - 1 - np.floor(np.log10(np.abs(digits[usual])))
    up, down = 10.0 ** exponents.clip(0), 10.0 ** (-exponents).clip(0)
    digits[usual] = np.round(digits[usual] * up / down) * down / up
    return digits


def _column(array: NDArray[Any]) -> Any:
    """Return an array that orjson can serialize as a list."""
    return np.ascontiguousarray(array)


def _mean(x: NDArray[Any], means: Points, edges: NDArray[Any]) -> Floats:
    """Return the mean on both sides of each edge, up to its neighbours; NaN where there is no finite value."""
    numbers = means.value.numbers()
    finite = np.isfinite(numbers)
    at = np.minimum(np.searchsorted(edges, x[finite]), len(edges) - 1)
    weights = counts(means)[finite]
    total = np.bincount(at, weights, len(edges))
    # Divided first: a sum of values may exceed the largest float.
    inner = np.bincount(at, numbers[finite] * (weights / total[at]), len(edges))
    following, of_following = np.append(total[1:], 0.0), np.append(inner[1:], 0.0)
    both = total + following
    share = np.divide(total, both, out=np.full(len(edges), np.nan), where=both > 0)
    mean: Floats = inner * share + of_following * (1 - share)
    return mean
