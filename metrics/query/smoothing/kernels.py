"""Smoothing of a curve: exponential moving averages, running mean and Gaussian.

Curves are given as `Samples`: points, or means of neighbouring points with how many each stands for. For points the
results are exact. A mean counts as that many points of its value.
"""

from __future__ import annotations

from dataclasses import dataclass

from metrics.store.columns import Floats, Index
from runs.store.lazy_numpy import np

CUTOFF = 4.0
"""Standard deviations after which a Gaussian ends, as in scipy.ndimage."""
_RESOLUTION = 32
"""Where many points are near, a Gaussian is computed from the means of cells this part of its standard deviation wide."""
_DECADES = 1e6
_LAST_BIT = 60
_HUGE = 1e280


@dataclass(frozen=True, slots=True)
class Samples:
    """Finite values `y` at ascending `x`, each standing for `n` points; for means, `x` is that of the last point."""

    x: Floats
    y: Floats
    n: Floats

    def __len__(self) -> int:
        return len(self.x)

    def places(self, unit: str) -> Floats:
        """Return where each sample lies: the middle of its points, counted in points or along x."""
        if unit == "points":
            return np.cumsum(self.n) - self.n / 2
        before = np.diff(self.x, prepend=self.x[:1])
        return self.x - before * (self.n - 1) / (2 * self.n)


def ema(samples: Samples, weight: float) -> Floats:
    """Return the exponential moving average by index, bias-corrected.

    As in Adam (Kingma & Ba 2015, section 3) and TensorBoard; pandas calls it `ewm(alpha=1 - weight, adjust=True)`.

    Args:
        weight: of the past, 0 to below 1.
    """
    if weight == 0:
        return samples.y.copy()
    decay = _powers(weight, samples.n)
    sums = recurrence(decay, (1 - decay) * samples.y)
    passed = np.cumsum(samples.n)
    # Later corrections are 1 in double precision, and powers that underflow are slow.
    early = np.searchsorted(passed, corrections(weight))
    sums[:early] /= 1 - weight ** passed[:early]
    return sums


def corrections(weight: float) -> float:
    """Return the number of points after which an average needs no correction of its bias."""
    return _LAST_BIT * float(np.log(0.5) / np.log(weight)) if weight > 0 else 0.0


def time_ema(samples: Samples, half_life: float) -> Floats:
    """Return the exponential moving average along x: a point's weight halves with each `half_life` of distance.

    As `ewm(halflife=..., times=...)` of pandas, and the time-weighted EMA of W&B with a fixed half-life.
    """
    distance = np.diff(samples.x, prepend=samples.x[:1]) / half_life
    exponent = distance * np.log(2)
    shares = np.where(exponent > 1e-9, -np.expm1(-exponent) / np.maximum(exponent, 1e-9), 1.0)
    mass = np.where(samples.n > 1, samples.n * shares, 1.0)
    decay = np.exp2(-distance)
    return recurrence(decay, mass * samples.y) / recurrence(decay, mass)


def running_mean(samples: Samples, window: float, unit: str, at: Index) -> Floats:
    """Return the mean of a centred window at some positions; at the ends only its inner part counts.

    Args:
        window: width; an odd number of points is as in `rolling(window, center=True, min_periods=1)` of pandas.
        unit: "points", or "x" for the unit of x, where both ends belong to the window.
        at: positions.
    """
    ends = np.concatenate([[0.0], np.cumsum(samples.n)])
    places = samples.places(unit)[at]
    low, high = places - window / 2, places + window / 2
    if unit == "x" and samples.n.max() == 1:
        low = np.searchsorted(samples.x, low, "left").astype(float)
        high = np.searchsorted(samples.x, high, "right").astype(float)
    elif unit == "x":
        edges = np.append(samples.x[:1] - 1, samples.x)
        low, high = np.interp(low, edges, ends), np.interp(high, edges, ends)
    low, high = np.maximum(low, 0.0), np.minimum(high, ends[-1])
    width = high - low
    middle = float(np.median(samples.y))
    mean = np.zeros(len(at))
    for layer in _layers(samples.y - middle):
        sums = np.concatenate([[0.0], np.cumsum(layer * samples.n)])
        mean += (np.interp(high, ends, sums) - np.interp(low, ends, sums)) / width
    return mean + middle


def gaussian(samples: Samples, sigma: float, unit: str, at: Index) -> Floats:
    """Return the average weighted by a Gaussian at some positions, cut off at `CUTOFF` standard deviations.

    As `scipy.ndimage.gaussian_filter1d`, but divided by the weights inside the curve at its ends; along x it is the
    estimator of Nadaraya and Watson (1964).

    Args:
        sigma: standard deviation.
        unit: "points", or "x" for the unit of x.
        at: positions.
    """
    places = samples.places(unit)
    centres = places[at]
    y, n = samples.y, samples.n
    first, last = _within(places, centres, CUTOFF * sigma)
    if (last - first).max(initial=0) > 2 * CUTOFF * _RESOLUTION:
        starts = _cells(places, sigma / _RESOLUTION)
        total = np.add.reduceat(n, starts)
        share = n / np.repeat(total, np.diff(np.append(starts, len(n))))
        y, places = np.add.reduceat(y * share, starts), np.add.reduceat(places * share, starts)
        n = total
        first, last = _within(places, centres, CUTOFF * sigma)
    # A bucket whose middle lies outside may still be the only one near.
    first = np.minimum(first, np.maximum(last - 1, 0))
    last = np.maximum(last, first + 1)
    offsets = np.arange(int((last - first).max()))
    taps = first[:, None] + offsets
    inside = taps < last[:, None]
    taps = np.minimum(taps, len(places) - 1)
    weights = n[taps] * np.exp(-0.5 * ((places[taps] - centres[:, None]) / sigma) ** 2) * inside
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    averages: Floats = np.einsum("ij,ij->i", weights, y[taps])
    return averages


def _within(places: Floats, centres: Floats, distance: float) -> tuple[Index, Index]:
    """Return the first position within a distance of each centre, and that after the last."""
    first: Index = np.searchsorted(places, centres - distance)
    last: Index = np.searchsorted(places, centres + distance, "right")
    return first, last


def _cells(places: Floats, width: float) -> Index:
    """Return the first position in each cell of equal width, so that no cell spans a gap."""
    with np.errstate(over="ignore", invalid="ignore"):
        cells = np.floor((places - places[0]) / width)
        is_first = (np.diff(cells) > 0) | (np.diff(places) > width)
    starts: Index = np.flatnonzero(np.append(True, is_first))
    return starts


def recurrence(decay: Floats, gain: Floats) -> Floats:
    """Return s[i] = decay[i] * s[i - 1] + gain[i], from s[-1] = 0."""
    count = len(gain)
    lanes = max(1, int(np.sqrt(count)))
    length = -(-count // lanes)
    factors, sums = np.ones(lanes * length), np.zeros(lanes * length)
    factors[:count], sums[:count] = decay, gain
    # Each lane on its own, all lanes at once; then what enters each from the one before.
    factors = np.ascontiguousarray(factors.reshape(lanes, length).T)
    sums = np.ascontiguousarray(sums.reshape(lanes, length).T)
    scratch = np.empty(lanes)
    for i in range(1, length):
        np.multiply(factors[i], sums[i - 1], out=scratch)
        sums[i] += scratch
        factors[i] *= factors[i - 1]
    carry, entering = 0.0, np.empty(lanes)
    for lane, (factor, end) in enumerate(zip(factors[-1].tolist(), sums[-1].tolist(), strict=True)):
        entering[lane] = carry
        carry = factor * carry + end
    sums += factors * entering
    outputs: Floats = sums.T.reshape(-1)[:count]
    return outputs


def _powers(base: float, exponents: Floats) -> Floats:
    """Return `base**exponents`, computed once for the usual exponent: nearly all means stand for as many points."""
    usual = exponents[0]
    powers = np.full(len(exponents), base**usual)
    others = np.flatnonzero(exponents != usual)
    powers[others] = base ** exponents[others]
    return powers


def _layers(values: Floats) -> list[Floats]:
    """Split values by magnitude, so that a sum over one layer loses nothing of the values of another."""
    sizes = np.abs(values)
    limit = float(np.median(sizes)) or float(sizes[sizes > 0].min(initial=1.0))
    layers, rest = [], sizes
    top = float(sizes.max(initial=0.0))
    low = -1.0
    while low < top:
        limit *= _DECADES
        layer = (rest > low) & (rest <= limit)
        if layer.any():
            layers.append(np.where(layer, values, 0.0))
        low = limit
    return layers
