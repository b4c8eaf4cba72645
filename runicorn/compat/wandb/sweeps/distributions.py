"""Distributions of the parameters of a sweep, as functions of a number from 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from runicorn.compat.wandb.errors import UsageError

MOST_VALUES = 100_000
"""Values of a parameter in a grid."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a sweep.

    Attributes:
        choices: its values, if they can be listed.
        weights: their probabilities.
        value_at: the value at a position from 0 to 1; equal parts of this range are equally probable.
    """

    choices: tuple[Any, ...] | None = None
    weights: tuple[float, ...] | None = None
    value_at: Callable[[float], Any] | None = None

    def at(self, position: float) -> Any:
        """Return the value at a position from 0 to 1."""
        if self.value_at is not None:
            return self.value_at(min(max(position, 1e-9), 1 - 1e-9))
        choices = self.choices or (None,)
        if self.weights is None:
            return choices[min(int(position * len(choices)), len(choices) - 1)]
        total, reached = sum(self.weights), 0.0
        for value, weight in zip(choices, self.weights):
            reached += weight / total
            if position < reached:
                return value
        return choices[-1]


def parameter(name: str, about: Mapping[str, Any]) -> Parameter:
    """Return the parameter that an entry of a sweep's configuration describes.

    Raises:
        UsageError: the entry is invalid, or its distribution is not supported.
    """
    kind = about.get("distribution") or _default_distribution(name, about)
    try:
        if kind == "constant":
            return Parameter((about["value"],))
        if kind in ("categorical", "categorical_w_probabilities"):
            weights = about.get("probabilities")
            values = tuple(about["values"])
            if not values or (weights is not None and len(weights) != len(values)):
                raise UsageError(
                    f"Invalid sweep: the parameter {name!r} needs values, and a probability for each"
                )
            return Parameter(values, tuple(map(float, weights)) if weights else None)
        if kind == "int_uniform":
            return Parameter(tuple(_whole_numbers(int(about["min"]), int(about["max"]))))
        return _continuous(name, kind, about)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"Invalid sweep: the parameter {name!r} ({kind}) has no valid {_reason(error)}"
        ) from None


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, KeyError) else f"values: {error}"


def _default_distribution(name: str, about: Mapping[str, Any]) -> str:
    if "value" in about:
        return "constant"
    if "values" in about:
        return "categorical_w_probabilities" if "probabilities" in about else "categorical"
    if "min" in about and "max" in about:
        return "int_uniform" if type(about["min"]) is type(about["max"]) is int else "uniform"
    raise UsageError(f"Invalid sweep: the parameter {name!r} needs `value`, `values`, or `min` and `max`")


def _whole_numbers(low: int, high: int) -> range:
    if low > high:
        raise ValueError(f"min {low} is greater than max {high}")
    return range(low, high + 1)


def _continuous(name: str, kind: str, about: Mapping[str, Any]) -> Parameter:
    base = kind.removeprefix("q_")
    function = _quantiles(base, about)
    if function is None:
        raise UsageError(f"The distribution {kind!r} of the parameter {name!r} is not supported")
    if not kind.startswith("q_"):
        return Parameter(value_at=function)
    step = float(about.get("q", 1))
    if step <= 0:
        raise ValueError("q is not positive")
    choices = _grid(function(0.0), function(1.0), step) if base in BOUNDED else None
    return Parameter(choices, value_at=lambda position: _rounded(function(position), step))


BOUNDED = frozenset(("uniform", "log_uniform", "log_uniform_values"))


def _grid(low: float, high: float, step: float) -> tuple[Any, ...] | None:
    first, last = round(low / step), round(high / step)
    if last - first >= MOST_VALUES:
        return None
    return tuple(_rounded(n * step, step) for n in range(first, last + 1))


def _rounded(value: float, step: float) -> Any:
    """Return the multiple of `step` that is next to a value; without the digits of an inexact product."""
    count = round(value / step)
    return count * int(step) if float(step).is_integer() else float(f"{count * step:.12g}")


def _quantiles(kind: str, about: Mapping[str, Any]) -> Callable[[float], float] | None:
    """Return the quantile function of a distribution; None if it is not supported."""
    if kind in ("normal", "log_normal"):
        normal = NormalDist(float(about.get("mu", 0)), float(about.get("sigma", 1)))
        if kind == "normal":
            return normal.inv_cdf
        return lambda position: math.exp(normal.inv_cdf(position))
    if kind not in ("uniform", *LOGARITHMIC):
        return None
    low, high = float(about["min"]), float(about["max"])
    if low > high:
        raise ValueError(f"min {low} is greater than max {high}")
    if kind == "uniform":
        return lambda position: low + (high - low) * position
    if kind.endswith("_values"):
        low, high = math.log(low), math.log(high)
    if kind.startswith("inv_") and not kind.endswith("_values"):  # uniform is the logarithm of the inverse
        low, high = -high, -low
    return lambda position: math.exp(low + (high - low) * position)


LOGARITHMIC = ("log_uniform", "log_uniform_values", "inv_log_uniform", "inv_log_uniform_values")
