"""Noise floor of a metric: the spread of runs that differ in nothing but their seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

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
    finite = [[value for value in group if math.isfinite(value)] for group in groups]
    several = [values for values in finite if len(values) > 1]
    if not several:
        return None
    unit = unit_of(value for values in several for value in values)
    spreads = [(variance([value / unit for value in values]), len(values) - 1) for values in several]
    freedom = sum(df for _, df in spreads)
    std = math.sqrt(math.fsum(spread * (df / freedom) for spread, df in spreads)) * unit
    if math.isinf(std):
        return None
    return NoiseFloor(std, freedom, min(_prior_freedom(spreads), freedom))


def _prior_freedom(spreads: Sequence[tuple[float, int]]) -> float:
    """Return the degrees of freedom that explain how much the variances of groups differ; infinite if by chance."""
    positive = [(spread, df) for spread, df in spreads if spread > 0]
    if len(positive) < 2:
        return math.inf if len(positive) == len(spreads) else 0.0
    logs = [math.log(spread) - digamma(df / 2) + math.log(df / 2) for spread, df in positive]
    excess = variance(logs) - fmean(trigamma(df / 2) for _, df in positive)
    return 2 * inverse_trigamma(excess) if excess > 0 else math.inf
