"""Parameters of a smoothing, and the points it needs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from metrics.query import downsample
from metrics.query.smoothing import kernels
from metrics.query.smoothing.kernels import Samples
from metrics.store.columns import Floats, Index, ascending
from runs.store.lazy_numpy import np

Method = Literal["ema", "time_ema", "mean", "gaussian"]
Unit = Literal["points", "x"]
NEGLIGIBLE = 1e-9
"""Weight of what lies further back than an average is followed."""
RANGE_PARTS = 1000
"""The weight of a time-weighted average is that of this part of the range of x, the scale of W&B."""
_HUGE, _SCALE = 1e280, 2.0**-200


@dataclass(frozen=True, slots=True)
class Smoother:
    """A smoothing; only the parameters of its method count.

    Attributes:
        method: see `metrics.query.smoothing.kernels`.
        weight: of the past, 0 to below 1, for both averages.
        half_life: for time_ema in place of `weight`, in the unit of x.
        window: width of a running mean.
        sigma: standard deviation of a Gaussian.
        unit: of window and sigma.
    """

    method: Method
    weight: float = 0.0
    half_life: float | None = None
    window: float = 1.0
    sigma: float = 1.0
    unit: Unit = "points"

    def for_range(self, width: float) -> Smoother:
        """Return the smoothing for a whole series that covers `width` of x, whatever part of it is shown."""
        if self.method != "time_ema" or self.half_life is not None:
            return self
        part = width / RANGE_PARTS
        return replace(self, half_life=part * math.log(0.5) / math.log(self.weight) if self.weight else 0.0)

    @property
    def is_neutral(self) -> bool:
        if self.method == "time_ema":
            return self.half_life == 0 or (self.half_life is None and self.weight == 0)
        return self.method == "ema" and self.weight == 0

    def reach(self) -> tuple[float, float, Unit]:
        """Return how far before and after a place points count, and in which unit."""
        if self.is_neutral:
            return 0.0, 0.0, "points"
        if self.method == "ema":
            return math.log(NEGLIGIBLE) / math.log(self.weight), 0.0, "points"
        if self.method == "time_ema":
            return -math.log2(NEGLIGIBLE) * (self.half_life or 0.0), 0.0, "x"
        side = self.window / 2 if self.method == "mean" else self.sigma * kernels.CUTOFF
        return side, side, self.unit

    def apply(self, samples: Samples, low: float, high: float, points: int) -> tuple[Floats, Floats]:
        """Return the smoothed curve between two x as (x, y), at most `points` of it.

        Every value is that of the smoothed curve at a sample. A centred window is computed at twice as many places
        as are asked for, evenly spaced in x, and the others everywhere.
        """
        x, y = self.values(samples, low, high, 2 * points)
        at = downsample.curve(x, y, points)
        return x[at], y[at]

    def values(self, samples: Samples, low: float, high: float, places: int) -> tuple[Floats, Floats]:
        """Return the smoothed values between two x as (x, y): at all samples, or of a centred window at `places` of them."""
        # Two bounds, since x ascends.
        inside = np.arange(np.searchsorted(samples.x, low), np.searchsorted(samples.x, high, "right"))
        if not len(inside):
            return np.empty(0), np.empty(0)
        scale = _SCALE if np.abs(samples.y).max() > _HUGE else 1.0
        scaled = samples if scale == 1.0 else Samples(samples.x, samples.y * scale, samples.n)
        if self.is_neutral:
            values = scaled.y[inside]
        elif self.method == "ema":
            values = kernels.ema(scaled, self.weight)[inside]
        elif self.method == "time_ema":
            values = kernels.time_ema(scaled, self.half_life or 0.0)[inside]
        else:
            inside = inside[_spread(samples.x[inside], places)]
            if self.method == "mean":
                values = kernels.running_mean(scaled, self.window, self.unit, inside)
            else:
                values = kernels.gaussian(scaled, self.sigma, self.unit, inside)
        return samples.x[inside], values if scale == 1.0 else values / scale


def _spread(x: Floats, places: int) -> Index:
    """Return the positions of at most so many of ascending x, evenly spaced, including both ends."""
    if len(x) <= places:
        return np.arange(len(x))
    return ascending(np.append(downsample.interval_starts(x, places - 1), len(x) - 1))
