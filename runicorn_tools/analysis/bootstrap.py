"""Bootstrap of the difference of two means, for values far from a normal distribution."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from runicorn_tools.analysis.scale import mean, unit_of

LEAST = 12
"""Values of a group from which on the shape of its distribution can be judged, and resampled."""
RESAMPLES = 2000
SEED = 20260101
"""The same values have the same verdict."""
_JARQUE_BERA = 9.21
"""The 99th percentile of χ² with two degrees of freedom."""


class Resampled(NamedTuple):
    """Quantiles of the studentized difference of resamples, ascending."""

    t: Sequence[float]

    def quantile(self, probability: float) -> float:
        """Return a quantile by linear interpolation."""
        place = probability * (len(self.t) - 1)
        low = int(place)
        part = place - low
        return self.t[low] * (1 - part) + self.t[min(low + 1, len(self.t) - 1)] * part

    def upper_tail(self, t: float) -> float:
        """Return the share of resamples above t; never 0, since they are finitely many."""
        return (sum(value >= t for value in self.t) + 1) / (len(self.t) + 1)


def is_far_from_normal(values: Sequence[float]) -> bool:
    """Return whether skewness or tails of enough values are too large for chance.

    C. M. Jarque and A. K. Bera, Economics Letters 6 (1980), 255-259, at the 1 % level.
    """
    n = len(values)
    if n < LEAST:
        return False
    middle = mean(values)
    shifts = [value - middle for value in values]
    if not any(shifts):
        return False
    # In units of the largest one, of which the powers do not vanish.
    unit = unit_of(shifts)
    squares = [(shift / unit) ** 2 for shift in shifts]
    second = fmean(squares)
    skewness = (
        fmean([square * shift / unit for square, shift in zip(squares, shifts, strict=True)]) / second**1.5
    )
    kurtosis = fmean([square * square for square in squares]) / second**2
    statistic: float = n / 6 * (skewness**2 + (kurtosis - 3) ** 2 / 4)
    return statistic > _JARQUE_BERA


def studentized(a: Sequence[float], b: Sequence[float]) -> Resampled:
    """Return the bootstrap distribution of the studentized difference of means.

    B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapter 12.5.
    """
    import numpy as np

    rng = np.random.default_rng(SEED)
    means, errors = [], []
    for values in (np.asarray(a, float), np.asarray(b, float)):
        samples = values[rng.integers(0, len(values), (RESAMPLES, len(values)))]
        means.append(samples.mean(axis=1) - values.mean())
        errors.append(samples.var(axis=1, ddof=1) / len(values))
    error = np.sqrt(errors[0] + errors[1])
    shift = means[0] - means[1]
    # A resample of one value alone has no error.
    return Resampled(np.sort(shift[error > 0] / error[error > 0]).tolist())
