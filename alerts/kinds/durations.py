"""Time since the last event at each point of a series."""

from __future__ import annotations

from metrics.store.columns import Bools, Floats
from runs.store.lazy_numpy import np


def since_last(happened: Bools, x: Floats, last: float | None) -> tuple[Floats, float]:
    """Return the distance in `x` of each point from the last one at which it happened.

    Args:
        happened: at which points it happened.
        x: steps or times.
        last: where it happened last before these points; None counts from the first of them.

    Returns:
        The distances, and where it happened last.
    """
    at = np.maximum.accumulate(np.where(happened, np.arange(len(x)), -1))
    base: Floats = np.where(at >= 0, x[np.maximum(at, 0)], x[0] if last is None else last)
    return x - base, float(base[-1])
