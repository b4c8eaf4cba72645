"""Evaluation of a formula on the points of metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metrics.query.smoothing import kernels
from metrics.store.columns import FLOAT, Floats, Values
from metrics.store.points import Points
from runicorn_tools.analysis.formulas import FUNCTIONS, Binary, Call, Metric, Negative, Node, Number, parts
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Track:
    """Values at the points of a metric, sorted by step, one for each step."""

    points: Points
    values: Floats

    @classmethod
    def of(cls, points: Points) -> Track:
        return cls(points, points.value.numbers())

    def to_points(self) -> Points:
        """Return points with these values instead of those of the metric."""
        return replace(self.points, value=Values(FLOAT, np.ascontiguousarray(self.values).view(np.int64)))


Part = Track | float
Scalars = Callable[[str, str], float]
"""Returns the value of a function such as `first` of a whole metric."""
_ARRAYS = frozenset({"abs", "exp", "log", "log2", "log10", "sqrt"})
"""Functions of NumPy with the same names."""


Carry = dict[int, tuple[float, ...]]
"""States of the functions of the points so far, by their place in the formula: what they need of the points before."""


def evaluate(node: Node, tracks: Mapping[str, Track], scalars: Scalars, carry: Carry | None = None) -> Part:
    """Return the value of a formula: at the points of one metric, or one number.

    Metrics that were logged at different steps meet at those of the one with fewer points, where the other one has its last
    value. A value that is not defined (a division by 0, the logarithm of a negative number) is NaN or infinite.

    Args:
        carry: states after the points before these, which are updated: parts of a metric are evaluated one after the other.
    """
    if carry is None:
        carry = {}
    return _Evaluation(tracks, scalars, carry, {id(part): i for i, part in enumerate(parts(node))}).of(node)


@dataclass(slots=True)
class _Evaluation:
    """The evaluation of a formula on points."""

    tracks: Mapping[str, Track]
    scalars: Scalars
    carry: Carry
    places: Mapping[int, int]
    """Place of each node in the formula, by its identity."""

    def of(self, node: Node) -> Part:
        """Return the value of a node."""
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Metric):
            return self.tracks[node.name]
        with np.errstate(all="ignore"):
            if isinstance(node, Negative):
                return _mapped(self.of(node.part), lambda values: -values, lambda value: -value)
            if isinstance(node, Binary):
                left = self.of(node.left)
                return _combined(node.sign, left, self.of(node.right))
            return self._called(node)

    def _called(self, node: Call) -> Part:
        name, first = node.function, node.arguments[0]
        if isinstance(first, Metric) and name in ("first", "last", "min", "max"):
            return self.scalars(name, first.name)
        part = self.of(first)
        if name in _ARRAYS:
            return _mapped(part, getattr(np, name), lambda value: _guarded(FUNCTIONS[name], value))
        rest = [self.of(argument) for argument in node.arguments[1:]]
        if name == "clip":
            low, high = (float(value) for value in rest if not isinstance(value, Track))
            return _mapped(
                part, lambda values: np.clip(values, low, high), lambda value: min(max(value, low), high)
            )
        if not isinstance(part, Track):
            return 0.0 if name in ("diff", "rate") else part
        if not len(part.values):
            return part
        place = self.places[id(node)]
        before = self.carry.get(place)
        if name == "ema":
            weight = rest[0]
            values, state = _ema(
                part.values, 0.0 if isinstance(weight, Track) else weight, before or (0.0, 0.0)
            )
        else:
            values, state = _over_points(name, part, before)
        self.carry[place] = state
        return replace(part, values=values)


def _over_points(
    name: str, track: Track, before: tuple[float, ...] | None
) -> tuple[Floats, tuple[float, ...]]:
    """Return a function of the points so far, and its state after them."""
    values = track.values
    if name == "cumsum":
        sums = np.cumsum(np.where(np.isfinite(values), values, 0.0)) + (before or (0.0,))[0]
        return sums, (float(sums[-1]),)
    if name in ("cummin", "cummax"):
        function = np.fmin if name == "cummin" else np.fmax
        extremes = function.accumulate(values)
        if before is not None:
            extremes = function(extremes, before[0])
        return extremes, (float(extremes[-1]),)
    last, at = before or (np.nan, np.nan)
    difference = np.diff(values, prepend=last)
    state = float(values[-1]), float(track.points.time[-1])
    if name == "diff":
        return difference, state
    seconds = np.diff(track.points.time, prepend=at)
    rate: Floats = np.where(seconds > 0, difference / seconds, np.nan)
    return rate, state


def _ema(values: Floats, weight: float, before: tuple[float, ...]) -> tuple[Floats, tuple[float, ...]]:
    """Return the exponential moving average of the finite values; others stay gaps.

    Args:
        before: sum without the correction of its bias, and number of finite values.
    """
    total, count = before
    averages = np.full(len(values), np.nan)
    finite = np.flatnonzero(np.isfinite(values))
    if not len(finite):
        return averages, before
    gains = (1 - weight) * values[finite]
    gains[0] += weight * total
    sums = kernels.recurrence(np.full(len(gains), weight), gains)
    state = float(sums[-1]), count + len(finite)
    # Later corrections are 1 in double precision.
    early = np.arange(1, len(finite) + 1) + count
    corrected = early[early < kernels.corrections(weight)]
    sums[: len(corrected)] /= 1 - weight**corrected
    averages[finite] = sums
    return averages, state


def _mapped(part: Part, of_array: Callable[[Floats], Floats], of_number: Callable[[float], float]) -> Part:
    return replace(part, values=of_array(part.values)) if isinstance(part, Track) else of_number(part)


def _combined(sign: str, left: Part, right: Part) -> Part:
    if isinstance(left, Track) and isinstance(right, Track):
        left, right = _aligned(left, right)
        return replace(left, values=_operate(sign, left.values, right.values))
    if isinstance(left, Track):
        return replace(left, values=_operate(sign, left.values, _number(right)))
    if isinstance(right, Track):
        return replace(right, values=_operate(sign, left, right.values))
    return float(_operate(sign, np.float64(left), right))


def _number(part: Part) -> float:
    return math.nan if isinstance(part, Track) else part


def _operate(sign: str, left: NDArray[np.float64] | float, right: NDArray[np.float64] | float) -> Floats:
    operations: dict[str, Callable[..., Floats]] = {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.divide,
        "^": np.float_power,
    }
    return operations[sign](left, right)


def _aligned(left: Track, right: Track) -> tuple[Track, Track]:
    """Return both at the steps of the one with fewer points."""
    if len(left.values) == len(right.values) and np.array_equal(left.points.step, right.points.step):
        return left, right
    if len(left.values) <= len(right.values):
        return left, _at(right, left)
    return _at(left, right), right


def _at(track: Track, other: Track) -> Track:
    """Return the last value of a track at or before each step of another one, NaN before its first."""
    before = np.searchsorted(track.points.step, other.points.step, "right") - 1
    values = np.full(len(other.values), np.nan)
    if len(track.values):
        values = np.where(before >= 0, track.values[np.maximum(before, 0)], np.nan)
    return Track(other.points, values)


def _guarded(function: Callable[[float], float], value: float) -> float:
    try:
        return function(value)
    except (ValueError, OverflowError):
        return math.nan
