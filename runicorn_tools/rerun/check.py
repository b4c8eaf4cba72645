"""Comparison of a repeated run with the original: the same, within noise, or different."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from runicorn_tools.analysis.noise import NoiseFloor, noise_floor
from runicorn_tools.analysis.verdict import judge

TOLERANCE = 1e-9
"""Relative difference of values that were computed in another order."""
SAME, WITHIN, DIFFERENT, MISSING, SPEED = "same", "within noise", "different", "missing", "speed, not judged"
_SPEED = re.compile(
    r"(?:^|[/_.])(?:(?:run|wall|step|epoch|iter|iteration|train|eval|fit|forward|backward|data)_?time(?:_m?s)?"
    r"|duration|elapsed|latency|throughput|fps|mfu|seconds|ms|\w*per_?(?:s|sec|second|minute|hour))$",
    re.IGNORECASE,
)
"""Names of measurements of speed, which no two runs have in common."""


class Result(NamedTuple):
    """A metric of both runs; `state` is one of the words above."""

    metric: str
    original: float | None
    repeated: float | None
    state: str

    @property
    def is_reproduced(self) -> bool:
        return self.state in (SAME, WITHIN, SPEED)


def compare(
    original: Mapping[str, float],
    repeated: Mapping[str, float],
    replicas: Sequence[Mapping[str, float]] = (),
) -> list[Result]:
    """Compare the last values of all metrics of the original.

    Args:
        replicas: last values of runs that differ from the original in nothing but their seed: their spread is the noise.
    """
    results = []
    for metric, value in sorted(original.items()):
        other = repeated.get(metric)
        if other is None:
            results.append(Result(metric, value, None, MISSING))
        elif _is_same(value, other):
            results.append(Result(metric, value, other, SAME))
        elif _SPEED.search(metric):
            results.append(Result(metric, value, other, SPEED))
        else:
            floor = _floor(metric, value, replicas)
            is_noise = floor is not None and judge([other], [value], noise=floor).p_value
            state = WITHIN if is_noise and is_noise > 0.05 else DIFFERENT
            results.append(Result(metric, value, other, state))
    return results


def _is_same(a: float, b: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or math.isclose(a, b, rel_tol=TOLERANCE)


def _floor(metric: str, value: float, replicas: Sequence[Mapping[str, float]]) -> NoiseFloor | None:
    values = [run[metric] for run in replicas if metric in run]
    return noise_floor([[value, *values]]) if values else None
