"""Noise floor of a metric: the spread of runs that differ in nothing but their seed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance
from types import MappingProxyType

from runicorn_tools.analysis.scale import unit_of
from runicorn_tools.analysis.student import digamma, inverse_trigamma, trigamma


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """Pooled spread of the replicas of a project.

    Attributes:
        std: pooled standard deviation, in the unit of the metric.
        degrees_of_freedom: number of values less one for each group.
        weight: degrees of freedom that the floor is worth beside the spread of a single group: less than
            `degrees_of_freedom` where the groups of the project differ in their spread.
    """

    std: float
    degrees_of_freedom: int
    weight: float


def noise_floor(groups: Iterable[Sequence[float]]) -> NoiseFloor | None:
    """Return the noise floor of groups of replicas, or None if no group has two finite values, or it exceeds the largest float.

    The pooled variance is that of the analysis of variance, Σ(nᵢ−1)sᵢ² / Σ(nᵢ−1). The weight is the prior degrees of
    freedom by the method of moments in G. K. Smyth, "Linear Models and Empirical Bayes Methods", Statistical
    Applications in Genetics and Molecular Biology 3 (2004), article 3, section 6.2, and at most the degrees of freedom of
    the floor.
    """
    return Replicas(groups).noise_floor()


@dataclass(frozen=True, slots=True)
class _Spread:
    """Variance of a group in the common unit, its degrees of freedom, and what its logarithm is beyond chance."""

    variance: float
    df: int
    log: float


NOTHING: Mapping[int, Sequence[float]] = MappingProxyType({})


class Replicas:
    """Groups of replicas whose noise floor is asked for repeatedly, each time without the runs that are compared."""

    def __init__(self, groups: Iterable[Sequence[float]]) -> None:
        finite = [_finite(group) for group in groups]
        self._unit = unit_of(value for values in finite if len(values) > 1 for value in values)
        self._spreads = [self._spread(values) for values in finite]

    def noise_floor(self, instead: Mapping[int, Sequence[float]] = NOTHING) -> NoiseFloor | None:
        """Return the noise floor, see `noise_floor()`.

        Args:
            instead: some of the values of groups, by the place of the group, that count instead of all of them.
        """
        changed = {at: self._spread(_finite(values)) for at, values in instead.items()}
        spreads = [
            spread for at, own in enumerate(self._spreads) if (spread := changed.get(at, own)) is not None
        ]
        if not spreads:
            return None
        freedom = sum(spread.df for spread in spreads)
        pooled = math.fsum(spread.variance * (spread.df / freedom) for spread in spreads)
        std = math.sqrt(pooled) * self._unit
        if math.isinf(std):
            return None
        return NoiseFloor(std, freedom, min(_prior_freedom(spreads), freedom))

    def _spread(self, values: Sequence[float]) -> _Spread | None:
        if len(values) < 2:
            return None
        spread, df = variance([value / self._unit for value in values]), len(values) - 1
        log = math.log(spread) - digamma(df / 2) + math.log(df / 2) if spread > 0 else -math.inf
        return _Spread(spread, df, log)


def _finite(values: Sequence[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _prior_freedom(spreads: Sequence[_Spread]) -> float:
    """Return the degrees of freedom that explain how much the variances of groups differ; infinite if by chance."""
    positive = [spread for spread in spreads if spread.variance > 0]
    if len(positive) < 2:
        return math.inf if len(positive) == len(spreads) else 0.0
    logs = [spread.log for spread in positive]
    middle = fmean(logs)
    of_logs = math.fsum((log - middle) ** 2 for log in logs) / (len(logs) - 1)
    by_chance = Counter(spread.df for spread in positive)
    excess = of_logs - sum(trigamma(df / 2) * n for df, n in by_chance.items()) / len(positive)
    return 2 * inverse_trigamma(excess) if excess > 0 else math.inf
