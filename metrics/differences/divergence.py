"""Divergence of curves: the first step from which they stay further apart than replicas of the runs do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from runicorn.api.responses.differences import Parting
from runicorn_tools.differences.curves import Curve, Curves
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


Floats: TypeAlias = "NDArray[np.float64]"
FACTOR = 3.0
"""Standard errors of the difference of two means that count as apart."""
FOLLOWING = 10
"""Number of points after a step of which most must be apart too."""
STAYING = 0.8
WINDOW = 5
"""Number of points on each side over which variances are pooled."""
SHARED = 0.5
"""Part of the steps that both curves must have; below it one is interpolated."""
_MAD = 1.4826
"""Ratio of the standard deviation to the median absolute deviation of a normal distribution."""


def find(a: Sequence[Curves], b: Sequence[Curves], shared: Sequence[Curves] | None = None) -> list[Parting]:
    """Return the metrics whose curves differ, the earliest parting first.

    Args:
        a: the curves of a run and of its replicas.
        b: the same of the other run, or of the runs of a group.
        shared: the curves of further runs that are replicas of both sides, which then have a curve each.

    The spread at a step is the pooled standard deviation of the replicas of both sides there and at its neighbors.
    Without replicas it is the noise of the curves themselves: of their successive differences.
    """
    partings = [
        parting
        for metric in a[0]
        if metric in b[0]
        and (parting := _parting(metric, *(_of(metric, side) for side in (a, b, shared or ())))) is not None
    ]
    return sorted(partings, key=lambda entry: (entry["step"] is None, entry["step"] or 0, entry["metric"]))


def _of(metric: str, runs: Sequence[Curves]) -> list[Curve]:
    return [curves[metric] for curves in runs if metric in curves]


def _parting(metric: str, a: list[Curve], b: list[Curve], shared: list[Curve]) -> Parting | None:
    steps = _common(a[0], b[0])
    if not len(steps):
        return None
    left, right = (np.vstack([_at(curve, steps) for curve in side]) for side in (a, b))
    different = ~_same(left[0], right[0])
    if not different.any():
        return None
    parting: Parting = {"metric": metric, "step": None, "first": _plain(steps[different.argmax()])}
    with np.errstate(all="ignore"):
        together = [np.vstack([left, right, *(_at(curve, steps) for curve in shared)])]
        spread, parting["spread"] = _spread(left, right, together if shared else [left, right])
        distance = np.abs(_mean(left) - _mean(right))
        apart = (distance > FACTOR * spread) & different
        # A value that is not finite on one side only is apart from any number.
        apart |= np.isfinite(_mean(left)) != np.isfinite(_mean(right))
    for position in np.flatnonzero(apart):
        following = apart[position : position + FOLLOWING]
        if following.mean() >= STAYING:
            parting["step"] = _plain(steps[position])
            break
    return parting


def _common(a: Curve, b: Curve) -> Floats:
    """Return the steps of both curves; those of the first within the range of the second if they share few."""
    left, right = (np.asarray(curve.steps, dtype=np.float64) for curve in (a, b))
    shared = np.intersect1d(left, right)
    if len(shared) >= SHARED * min(len(left), len(right)) or not len(left) or not len(right):
        return shared
    inside: Floats = left[(left >= right[0]) & (left <= right[-1])]
    return inside


def _at(curve: Curve, steps: Floats) -> Floats:
    x, y = (np.asarray(part, dtype=np.float64) for part in curve)
    values: Floats = np.interp(steps, x, y, left=math.nan, right=math.nan)
    return values


def _same(a: Floats, b: Floats) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (a == b) | (np.isnan(a) & np.isnan(b))
    return same


def _mean(values: Floats) -> Floats:
    counts = np.isfinite(values).sum(axis=0)
    sums = np.where(np.isfinite(values), values, 0.0).sum(axis=0)
    means: Floats = np.where(counts > 0, sums / np.maximum(counts, 1), math.nan)
    return means


def _spread(left: Floats, right: Floats, groups: Sequence[Floats]) -> tuple[Floats, str]:
    """Return the standard error of the difference of both means at each step, and where it is from.

    Args:
        groups: replicas, around whose means the variance is estimated.
    """
    squares, freedom = np.zeros((2, left.shape[1]))
    for group in groups:
        finite = np.isfinite(group)
        squares += np.where(finite, (group - _mean(group)) ** 2, 0.0).sum(axis=0)
        freedom += np.maximum(finite.sum(axis=0) - 1, 0)
    counts = (np.maximum(np.isfinite(side).sum(axis=0), 1) for side in (left, right))
    errors = np.sqrt(sum(1 / count for count in counts))
    noise = max(_noise(side[0]) for side in (left, right))
    if not freedom.any():
        return noise * errors, "curves" if noise else "none"
    squares, freedom = _pooled(squares), _pooled(freedom)
    # Replicas may end before the runs do.
    variances = np.where(freedom > 0, squares / np.maximum(freedom, 1), noise**2)
    return np.sqrt(variances) * errors, "replicas"


def _pooled(values: Floats) -> Floats:
    # Not mode="same": its result is as long as the window if that is longer than the curve.
    sums: Floats = np.convolve(values, np.ones(2 * WINDOW + 1))[WINDOW : WINDOW + len(values)]
    return sums


def _noise(values: Floats) -> float:
    """Return the standard deviation of the noise of a curve, by the median of its second differences."""
    finite = values[np.isfinite(values)]
    if len(finite) < 3:
        return 0.0
    return float(np.median(np.abs(np.diff(finite, 2)))) * _MAD / math.sqrt(6)


def _plain(step: Any) -> float:
    number = float(step)
    return int(number) if number.is_integer() else number
