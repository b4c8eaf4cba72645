"""Compute statistics over the curves of several runs.

Runs log at different steps, so their curves are first sampled at common positions. A curve is interpolated linearly
between the two points around a position, as charts draw it, only within its own range and not next to a non-finite
value. Quantiles follow Hyndman & Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996),
definition 7, which is also NumPy's default.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from metrics.store.columns import Floats
from runicorn.api.responses.metrics import GroupStatistics
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


QUANTILES = {"p10": 0.10, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p90": 0.90}
COLUMNS = ("x", "count", "mean", "min", "max", *QUANTILES)


def group_statistics(
    curves: Sequence[tuple[Floats, Floats]], points: int, *, is_integer: bool
) -> GroupStatistics:
    """Return `COLUMNS` of equal length for curves given as (x, y), x ascending; at most `points` positions.

    `count` is the number of curves at a position; where it is 0 the other statistics are NaN.
    """
    x = places([x for x, _ in curves], points, is_integer=is_integer)
    heights = np.stack([read_at(*curve, x) for curve in curves])
    # NumPy arrays, which orjson serializes as lists.
    return cast(GroupStatistics, {"x": x, **statistics(heights)})


def places(xs: Sequence[Floats], points: int, *, is_integer: bool) -> Floats:
    """Return the common positions: those of all points if there are few, else evenly spaced over the range of x.

    Args:
        xs: x of each curve, ascending, at least one value in total.
        points: maximum number of positions.
        is_integer: only integers, for steps.
    """
    positions = np.unique(np.concatenate(xs))
    if len(positions) <= points:
        return positions
    even = np.linspace(positions[0], positions[-1], points)
    return np.unique(even.round()) if is_integer else even


def read_at(x: Floats, y: Floats, at: Floats) -> Floats:
    """Interpolate a curve at each position; NaN before its first point, after its last, and next to a gap."""
    before = np.searchsorted(x, at, "right") - 1
    inside = (before >= 0) & (at <= x[-1])
    before = np.clip(before, 0, len(x) - 1)
    after = np.minimum(before + 1, len(x) - 1)
    span = x[after] - x[before]
    part = np.divide(at - x[before], span, out=np.zeros_like(at), where=span > 0)
    heights = np.where(np.isfinite(y), y, np.nan)
    # A weighted sum, not a difference, which would overflow between -1e308 and 1e308.
    between = heights[before] * (1 - part) + heights[after] * part
    interpolated: Floats = np.where(inside, np.where(part == 0, heights[before], between), np.nan)
    return interpolated


def statistics(heights: Floats) -> dict[str, NDArray[Any]]:
    """Return the statistics of each column of `heights` (one row per curve, NaN for none)."""
    ordered = np.sort(heights, axis=0)
    count = np.isfinite(heights).sum(axis=0)
    return {
        "count": count,
        "mean": _mean(ordered, count),
        "min": ordered[0],
        "max": _at(ordered, np.maximum(count - 1, 0)),
        **{name: _quantile(ordered, count, share) for name, share in QUANTILES.items()},
    }


def _mean(ordered: Floats, count: NDArray[np.intp]) -> Floats:
    """Return the mean of each column; the values are sorted, so that it does not depend on the order of the curves."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.nansum(ordered, axis=0)
        mean: Floats = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    huge = np.isinf(total)
    if huge.any():  # divided first: the sum exceeds the largest float
        mean[huge] = np.nansum(ordered[:, huge] / count[huge], axis=0)
    return mean


def _quantile(ordered: Floats, count: NDArray[np.intp], share: float) -> Floats:
    place = share * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.intp)
    part = place - low
    quantile: Floats = _at(ordered, low) * (1 - part) + _at(ordered, np.ceil(place).astype(np.intp)) * part
    return quantile


def _at(ordered: Floats, row: NDArray[np.intp]) -> Floats:
    row_values: Floats = np.take_along_axis(ordered, row[None, :], axis=0)[0]
    return row_values
