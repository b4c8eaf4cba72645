"""Huge, tiny, missing and equal values have a verdict, a noise floor and a rank; nothing raises, nothing is infinite."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runicorn_tools.analysis import bootstrap, student
from runicorn_tools.analysis.goals import Goal
from runicorn_tools.analysis.noise import NoiseFloor, noise_floor
from runicorn_tools.analysis.ranking import ranks
from runicorn_tools.analysis.result import Verdict
from runicorn_tools.analysis.scale import deviation, mean
from runicorn_tools.analysis.sentences import sentence
from runicorn_tools.analysis.verdict import correct, judge

MORE = Goal("max")
LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324
GROUPS: dict[str, list[float]] = {
    "usual": [1.0, 2.0, 4.0],
    "huge": [1e200, 3e199, 2e200],
    "largest": [LARGEST, -LARGEST, LARGEST],
    "largest, alike": [LARGEST] * 3,
    "tiny": [1e-200, 3e-200, 2e-200],
    "smallest": [SMALLEST, 0.0, 2 * SMALLEST],
    "huge and tiny": [1e300, 1e-300, 1.0],
    "zeros": [0.0, -0.0, 0.0],
    "equal": [3.0, 3.0, 3.0],
    "one": [1.0],
    "one huge": [1e300],
    "one largest": [LARGEST],
    "one zero": [0.0],
    "infinite": [math.inf, 1.0, -math.inf, 2.0],
    "NaN": [math.nan, 1.0],
    "only NaN": [math.nan, math.nan],
    "none": [],
    "many, one far off": [1.0] * 13 + [1e200],
    "many, skewed": [2.0**n for n in range(0, 1000, 60)],
    "many, tiny and skewed": [2.0**-n for n in range(300, 1070, 50)],
}


def _check(verdict: Verdict) -> None:
    assert verdict.verdict in ("better", "worse", "within_noise", "unknown")
    json.dumps(asdict(verdict), allow_nan=False, default=str)  # as the API responds
    text = str(verdict.sentence)
    assert text and "inf" not in text and "nan" not in text and len(text) < 120, text
    if verdict.p_value is not None:
        assert 0 <= verdict.p_value <= 1


@pytest.mark.parametrize("name", GROUPS)
def test_any_two_groups_have_a_verdict(name: str) -> None:
    floors = [None, *(noise_floor([GROUPS[name]]) for name in ("usual", "huge", "tiny", "largest", "zeros"))]
    verdicts = [
        judge(GROUPS[name], base, goal=MORE, noise=noise) for base in GROUPS.values() for noise in floors
    ]
    for verdict in [*verdicts, *correct(verdicts)]:
        _check(verdict)


VALUES = st.floats() | st.sampled_from([LARGEST, -LARGEST, SMALLEST, 0.0, 1.0, 1e200, 1e-200])
ANY_GROUP = st.lists(VALUES, max_size=14)


@given(ANY_GROUP, ANY_GROUP, st.lists(ANY_GROUP, max_size=3), st.sampled_from([0.5, 0.95, 1 - 1e-16]))
def test_any_values_have_verdict_floor_and_rank(
    a: list[float], b: list[float], others: list[list[float]], level: float
) -> None:
    noise = noise_floor(others)
    assert noise is None or math.isfinite(noise.std)
    verdicts = [judge(a, b, goal=MORE, noise=noise, level=level), judge(b, a, goal=MORE, noise=noise)]
    for verdict in [*verdicts, *correct(verdicts)]:
        _check(verdict)
    assert len(ranks([a, b, *others], MORE, noise)) == len(others) + 2


@pytest.mark.parametrize("exponent", [-900, -600, 0, 600, 900])
def test_a_verdict_does_not_depend_on_the_unit(exponent: int) -> None:
    unit = 2.0**exponent
    a, b, others = [1.0, 2.0, 2.5], [4.0, 5.0, 5.5], [[1.0, 2.0], [5.0, 5.5, 6.5]]
    noise = noise_floor([[value * unit for value in group] for group in others])
    verdict = judge([v * unit for v in a], [v * unit for v in b], goal=MORE, noise=noise)
    usual = judge(a, b, goal=MORE, noise=noise_floor(others))
    assert verdict.verdict == usual.verdict == "worse"
    assert (verdict.p_value, verdict.relative) == (usual.p_value, usual.relative)
    assert usual.interval and verdict.interval == tuple(end * unit for end in usual.interval)


def test_what_cannot_be_computed_is_said() -> None:
    verdict = judge([LARGEST, LARGEST / 2], [-LARGEST, -LARGEST / 2], goal=MORE)
    assert (verdict.verdict, verdict.difference, verdict.interval) == ("unknown", None, None)
    assert str(verdict.sentence) == "values too large to compare"
    assert noise_floor([[LARGEST, -LARGEST]]) is None


def test_half_of_a_huge_interval_is_finite() -> None:
    verdict = judge([5.0, 5.1], [1.0, 1.1], goal=MORE)
    huge = replace(verdict, difference=1e307, relative=None, interval=(-LARGEST / 1.5, LARGEST / 1.5))
    assert str(sentence(huge)) == "narrowly better by 1e+307 ± 1.2e+308 (2 and 2 seeds)"


def test_groups_of_huge_values_are_ranked() -> None:
    groups = [[1e200, 1.1e200], [9e200, 9.1e200], [math.nan], [1e-200, 2e-200]]
    assert ranks(groups, MORE, NoiseFloor(1e199, 20, 20)) == [2, 1, None, 3]
    assert ranks([[LARGEST, LARGEST], [1.0, 2.0]], MORE) == [None, None]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=9))
def test_mean_and_deviation_are_exact_to_a_few_digits(values: list[float]) -> None:
    exact = sum(map(Fraction, values), Fraction()) / len(values)
    assert abs(Fraction(min(mean(values), LARGEST)) - exact) <= Fraction(max(map(abs, values))) / 10**14
    assert deviation(values) >= 0


@pytest.mark.parametrize("t", [0.0, 1e-300, 1e300, math.inf, -math.inf])
@pytest.mark.parametrize("df", [1e-3, 0.5, 1.0, 1e9, 1e15, math.inf])
def test_tails_of_extreme_arguments_are_probabilities(t: float, df: float) -> None:
    assert 0 <= student.upper_tail(t, df) <= 1


@pytest.mark.parametrize("name", GROUPS)
def test_the_shape_of_any_group_is_judged(name: str) -> None:
    values = [value for value in GROUPS[name] if math.isfinite(value)]
    assert bootstrap.is_far_from_normal(values) in (True, False)
