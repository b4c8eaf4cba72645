"""Ranks with honest ties: a group is behind another one only if that is better by more than noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from runicorn_tools.analysis.goals import Goal
from runicorn_tools.analysis.noise import NoiseFloor
from runicorn_tools.analysis.scale import mean
from runicorn_tools.analysis.verdict import correct, judge

MOST = 60
"""Groups that are compared with each other, the best ones; the others have no rank."""


def ranks(
    groups: Sequence[Sequence[float]],
    goal: Goal,
    noise: NoiseFloor | None = None,
    level: float = 0.95,
) -> list[int | None]:
    """Return one more than the number of groups that are better than each, corrected for all comparisons.

    None stands for a group without values or with unknown noise beside all others, for those behind the best `MOST`, and
    for all if it is unknown which direction is better.
    """
    result: list[int | None] = [None] * len(groups)
    if goal.direction == "unknown":
        return result
    sign = 1 if goal.direction == "max" else -1
    finite = [[value for value in group if math.isfinite(value)] for group in groups]
    order = [at for at, group in enumerate(finite) if group]
    order.sort(key=lambda at: -sign * mean(finite[at]))
    top = order[:MOST]
    pairs = list(combinations(top, 2))
    verdicts = correct([judge(groups[a], groups[b], goal=goal, level=level, noise=noise) for a, b in pairs])
    behind = dict.fromkeys(top, 0)
    is_judged = dict.fromkeys(top, len(top) == 1)
    for (a, b), verdict in zip(pairs, verdicts, strict=True):
        if verdict.interval is not None:
            is_judged[a] = is_judged[b] = True
        behind[b] += verdict.verdict == "better"
        behind[a] += verdict.verdict == "worse"
    for at in top:
        result[at] = behind[at] + 1 if is_judged[at] else None
    return result
