"""Evaluation of a formula on the points of metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metrics.query.smoothing import kernels
from metrics.query.smoothing.kernels import Samples
from metrics.store.columns import FLOAT, Floats, Values
from metrics.store.points import Points
from runicorn_tools.analysis.formulas import FUNCTIONS, Binary, Call, Metric, Negative, Node, Number
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


def evaluate(node: Node, tracks: Mapping[str, Track], scalars: Scalars) -> Part:
    """Return the value of a formula: at the points of one metric, or one number.

    Metrics that were logged at different steps meet at those of the one with fewer points, where the other one has its last
    value. A value that is not defined (a division by 0, the logarithm of a negative number) is NaN or infinite.
    """
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Metric):
        return tracks[node.name]
    with np.errstate(all="ignore"):
        if isinstance(node, Negative):
            return _mapped(evaluate(node.part, tracks, scalars), lambda values: -values, lambda value: -value)
        if isinstance(node, Binary):
            left = evaluate(node.left, tracks, scalars)
            return _combined(node.sign, left, evaluate(node.right, tracks, scalars))
        return _called(node, tracks, scalars)


def _called(node: Call, tracks: Mapping[str, Track], scalars: Scalars) -> Part:
    name, first = node.function, node.arguments[0]
    if isinstance(first, Metric) and name in ("first", "last", "min", "max"):
        return scalars(name, first.name)
    part = evaluate(first, tracks, scalars)
    if name in _ARRAYS:
        return _mapped(part, getattr(np, name), lambda value: _guarded(FUNCTIONS[name], value))
    rest = [evaluate(argument, tracks, scalars) for argument in node.arguments[1:]]
    if name == "clip":
        low, high = (float(value) for value in rest if not isinstance(value, Track))
        return _mapped(
            part, lambda values: np.clip(values, low, high), lambda value: min(max(value, low), high)
        )
    if not isinstance(part, Track):
        return 0.0 if name in ("diff", "rate") else part
    if name == "ema":
        weight = rest[0]
        return replace(part, values=_ema(part.values, 0.0 if isinstance(weight, Track) else weight))
    return replace(part, values=_over_points(name, part))


def _over_points(name: str, track: Track) -> Floats:
    values = track.values
    if name == "cumsum":
        return np.cumsum(np.where(np.isfinite(values), values, 0.0))
    if name == "cummin":
        return np.fmin.accumulate(values) if len(values) else values
    if name == "cummax":
        return np.fmax.accumulate(values) if len(values) else values
    difference = np.diff(values, prepend=np.nan)
    if name == "diff":
        return difference
    seconds = np.diff(track.points.time, prepend=np.nan)
    rate: Floats = np.where(seconds > 0, difference / seconds, np.nan)
    return rate


def _ema(values: Floats, weight: float) -> Floats:
    """Return the exponential moving average of the finite values; others stay gaps."""
    averages = np.full(len(values), np.nan)
    finite = np.flatnonzero(np.isfinite(values))
    if len(finite):
        samples = Samples(finite.astype(float), values[finite], np.ones(len(finite)))
        averages[finite] = kernels.ema(samples, weight)
    return averages


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
