"""Result of a comparison of two groups of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runicorn_tools.analysis.noise import NoiseFloor

Word = Literal["better", "worse", "within_noise", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the values of one group compare with those of a baseline.

    Attributes:
        metric: name of the metric.
        goal: whether less or more of it is better.
        goal_assumed: whether only the name of the metric says so.
        verdict: `better` or `worse` by a one-sided test at `1 - level`; `unknown` without noise or goal.
        difference: of the means, in the unit of the metric; positive if the group has more. None without values, or if
            it or its interval exceeds the largest float.
        relative: difference as a share of the baseline's mean; None if that is 0 or too small.
        interval: two-sided confidence interval of the difference.
        level: confidence of the interval and of the verdict.
        n_a, n_b: finite values of group and baseline.
        noise: noise floor of the project, if it is known.
        seeds_to_decide: further seeds of each group with which the same difference would not be noise.
        p_value: of the one-sided test in the direction of the difference; None without noise.
        method: how the interval was computed, and whether the verdict is corrected.
        comparisons: number of comparisons that the verdict is corrected for.
        sentence: all of that in words; a `Message`.
    """

    metric: str
    goal: Literal["min", "max", "unknown"]
    goal_assumed: bool
    verdict: Word
    difference: float | None
    relative: float | None
    interval: tuple[float, float] | None
    level: float
    n_a: int
    n_b: int
    noise: NoiseFloor | None
    seeds_to_decide: int | None
    p_value: float | None
    method: str
    comparisons: int = 1
    sentence: str = ""
