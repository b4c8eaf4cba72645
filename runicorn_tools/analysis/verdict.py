"""Verdict on two groups of runs: better, worse, or within noise.

`docs/guides/better-or-luck.md` explains each word and formula.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, variance

from runicorn_tools.analysis import bootstrap, student
from runicorn_tools.analysis.comparisons import benjamini_hochberg
from runicorn_tools.analysis.goals import UNKNOWN, Goal
from runicorn_tools.analysis.noise import NoiseFloor
from runicorn_tools.analysis.result import Verdict, Word
from runicorn_tools.analysis.scale import unit_of
from runicorn_tools.analysis.sentences import sentence

MOST_SEEDS = 100
"""Further seeds that are looked at."""
WELCH, MODERATED = "Welch's interval", "Welch's interval, spreads moderated by the noise floor"
FLOOR, PREDICTION = "noise floor of the project", "spread of the group with several runs"
BOOTSTRAP = "studentized bootstrap"
NONE = "none"


@dataclass(frozen=True, slots=True)
class _Estimate:
    """Difference of two means with its standard error and distribution."""

    difference: float
    error: float
    df: float
    method: str
    resampled: bootstrap.Resampled | None = None

    def p_value(self) -> float:
        if self.error == 0:
            return 0.0 if self.difference else 0.5
        t = abs(self.difference) / self.error
        if self.resampled is None:
            return student.upper_tail(t, self.df)
        if self.difference > 0:
            return self.resampled.upper_tail(t)
        return bootstrap.Resampled([-value for value in reversed(self.resampled.t)]).upper_tail(t)

    def interval(self, level: float) -> tuple[float, float]:
        if self.resampled is None:
            half = student.quantile((1 + level) / 2, self.df) * self.error
            return self.difference - half, self.difference + half
        tail = (1 - level) / 2
        return (
            self.difference - self.resampled.quantile(1 - tail) * self.error,
            self.difference - self.resampled.quantile(tail) * self.error,
        )


def judge(
    a: Sequence[float],
    b: Sequence[float],
    *,
    metric: str = "",
    goal: Goal = UNKNOWN,
    level: float = 0.95,
    noise: NoiseFloor | None = None,
) -> Verdict:
    """Compare the values of a group of runs with those of a baseline.

    Args:
        a: one value for each run of the group; values that are not finite are left out.
        b: the same of the baseline.
        metric: name for the sentence.
        goal: which direction is better.
        level: confidence, between 0.5 and 1.
        noise: of the replicas of the project other than these groups.

    Raises:
        ValueError: `level` is not between 0.5 and 1.
    """
    if not 0.5 <= level < 1:
        raise ValueError("level must be at least 0.5 and less than 1")
    group, base = ([float(value) for value in values if math.isfinite(value)] for values in (a, b))
    verdict = Verdict(
        metric=metric,
        goal=goal.direction,
        goal_assumed=goal.is_assumed,
        verdict="unknown",
        difference=None,
        relative=None,
        interval=None,
        level=level,
        n_a=len(group),
        n_b=len(base),
        noise=noise,
        seeds_to_decide=None,
        p_value=None,
        method=NONE,
    )
    if group and base:
        # In units of the largest value, of which the squares neither overflow nor vanish.
        unit = unit_of([*group, *base, 0.0 if noise is None else noise.std])
        group, base = ([value / unit for value in values] for values in (group, base))
        scaled = None if noise is None else replace(noise, std=noise.std / unit)
        compared = _compared(verdict, group, base, scaled)
        verdict = _in_unit(compared, unit) or verdict
    return replace(verdict, sentence=sentence(verdict))


def _compared(verdict: Verdict, group: list[float], base: list[float], noise: NoiseFloor | None) -> Verdict:
    mean = fmean(base)
    difference = fmean(group) - mean
    relative = difference / abs(mean) if mean else math.inf
    relative_or_none = relative if math.isfinite(relative) else None
    verdict = replace(verdict, difference=difference, relative=relative_or_none)
    estimate = _estimate(group, base, noise)
    return verdict if estimate is None else _decided(verdict, estimate, (group, base), noise)


def _in_unit(verdict: Verdict, unit: float) -> Verdict | None:
    """Return a verdict in the unit of the metric; None if a number of it exceeds the largest float."""
    difference = (verdict.difference or 0.0) * unit
    interval = verdict.interval and (verdict.interval[0] * unit, verdict.interval[1] * unit)
    if not all(map(math.isfinite, (difference, *(interval or ())))):
        return None
    return replace(verdict, difference=difference, interval=interval)


def correct(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return verdicts on several groups or metrics, corrected so that of all called better or worse few are by chance.

    The p-values are adjusted by Benjamini and Hochberg. Differences and intervals stay as they are.
    """
    tested = [verdict for verdict in verdicts if verdict.p_value is not None]
    if len(tested) < 2:
        return list(verdicts)
    # In each direction for itself: the list of the better ones, and that of the worse ones.
    upward = [_upward(verdict) for verdict in tested]
    up = iter(benjamini_hochberg(upward))
    down = iter(benjamini_hochberg([1 - p_value for p_value in upward]))
    corrected = []
    for verdict in verdicts:
        if verdict.p_value is not None:
            both = next(up), next(down)
            p_value = both[0] if (verdict.difference or 0.0) > 0 else both[1]
            verdict = replace(
                verdict,
                verdict=_word(verdict.difference or 0.0, p_value, verdict.goal, verdict.level),
                p_value=p_value,
                method=f"{verdict.method}, corrected for {len(tested)} comparisons (Benjamini-Hochberg)",
                comparisons=len(tested),
            )
            verdict = replace(verdict, sentence=sentence(verdict))
        corrected.append(verdict)
    return corrected


def _upward(verdict: Verdict) -> float:
    """Return the p-value of having more than the baseline."""
    p_value = verdict.p_value or 0.0
    return p_value if (verdict.difference or 0.0) > 0 else 1 - p_value


def _decided(
    verdict: Verdict, estimate: _Estimate, values: tuple[list[float], list[float]], noise: NoiseFloor | None
) -> Verdict:
    p_value = estimate.p_value()
    word = _word(estimate.difference, p_value, verdict.goal, verdict.level)
    is_open = p_value > 1 - verdict.level
    return replace(
        verdict,
        verdict=word,
        interval=estimate.interval(verdict.level),
        p_value=p_value,
        method=estimate.method,
        seeds_to_decide=_seeds(*values, estimate, noise, verdict.level) if is_open else None,
    )


def _word(difference: float, p_value: float, goal: str, level: float) -> Word:
    if p_value > 1 - level:
        return "within_noise"
    if goal == "unknown":
        return "unknown"
    return "better" if (difference > 0) == (goal == "max") else "worse"


def _estimate(a: Sequence[float], b: Sequence[float], noise: NoiseFloor | None) -> _Estimate | None:
    """Return the difference with its error, or None if no spread is known."""
    difference = fmean(a) - fmean(b)
    if min(len(a), len(b)) == 1:
        return _of_single(a, b, difference, noise)
    total, df = _squared_error([(variance(values), len(values) - 1, len(values)) for values in (a, b)], noise)
    if total == 0:
        # Values that repeat exactly say nothing on noise, unless they are equal.
        return None if difference else _Estimate(0.0, 0.0, math.inf, WELCH)
    is_long = min(len(a), len(b)) >= bootstrap.LEAST
    if is_long and (bootstrap.is_far_from_normal(a) or bootstrap.is_far_from_normal(b)):
        error = math.sqrt(variance(a) / len(a) + variance(b) / len(b))
        if error:
            return _Estimate(difference, error, df, BOOTSTRAP, bootstrap.studentized(a, b))
    moderated = noise is not None and noise.weight > 0
    return _Estimate(difference, math.sqrt(total), df, MODERATED if moderated else WELCH)


def _squared_error(groups: Sequence[tuple[float, int, int]], noise: NoiseFloor | None) -> tuple[float, float]:
    """Return the squared standard error of a difference of means, and its degrees of freedom.

    Without noise floor as in B. L. Welch, Biometrika 34 (1947), 28-35. The floor counts as `weight` further values of
    each variance (Smyth 2004, as in `noise_floor`); since both sides share it, its own error is added once.

    Args:
        groups: variance of the values, its degrees of freedom, and number of values of the mean.
    """
    weight = 0.0 if noise is None else noise.weight
    floor = 0.0 if noise is None else noise.std**2
    own = [spread * freedom / (freedom + weight) / n for spread, freedom, n in groups]
    shared = sum(floor * weight / (freedom + weight) / n for _, freedom, n in groups)
    total = sum(own) + shared
    if not total:
        return 0.0, math.inf
    # As shares of the total, of which the squares do not vanish.
    scatter = sum(
        (part / total) ** 2 / freedom for part, (_, freedom, _) in zip(own, groups, strict=True) if freedom
    )
    scatter += (shared / total) ** 2 / weight if weight else 0.0
    return total, 1 / scatter


def _of_single(
    a: Sequence[float], b: Sequence[float], difference: float, noise: NoiseFloor | None
) -> _Estimate | None:
    """Return the difference of which one side is a single run, whose spread only other runs tell."""
    several = [values for values in (a, b) if len(values) > 1]
    spreads = [(variance(values), len(values) - 1) for values in several]
    if noise is not None:
        spreads.append((noise.std**2, noise.degrees_of_freedom))
    df = sum(freedom for _, freedom in spreads)
    pooled = sum(spread * freedom for spread, freedom in spreads) / df if df else 0.0
    if pooled == 0:
        return None
    error = math.sqrt(pooled * (1 / len(a) + 1 / len(b)))
    return _Estimate(difference, error, df, PREDICTION if noise is None else FLOOR)


def _seeds(
    a: Sequence[float], b: Sequence[float], estimate: _Estimate, noise: NoiseFloor | None, level: float
) -> int | None:
    """Return the further seeds of each group with which this difference, with these spreads, would be decided."""
    if not estimate.difference:
        return None
    pooled = estimate.error**2 / (1 / len(a) + 1 / len(b))
    spreads = [variance(values) if len(values) > 1 else pooled for values in (a, b)]

    def is_decided(more: int) -> bool:
        sizes = [len(values) + more for values in (a, b)]
        groups = [(spread, n - 1, n) for spread, n in zip(spreads, sizes, strict=True)]
        total, df = _squared_error(groups, noise)
        return student.upper_tail(abs(estimate.difference) / math.sqrt(total), df) <= 1 - level

    if not is_decided(MOST_SEEDS):
        return None
    low, high = 0, MOST_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_decided(middle) else (middle, high)
    return high
