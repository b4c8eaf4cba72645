"""Verdicts of simulated groups with known means, at fixed seeds."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runicorn_tools.analysis import student
from runicorn_tools.analysis.comparisons import benjamini_hochberg
from runicorn_tools.analysis.goals import Goal, goal_by_name
from runicorn_tools.analysis.noise import NoiseFloor, noise_floor
from runicorn_tools.analysis.verdict import BOOTSTRAP, FLOOR, MODERATED, WELCH, correct, judge

pytestmark = pytest.mark.simulation
MORE = Goal("max")
IS_LONG = settings.default.max_examples >= 1000
PAIRS = 10_000 if IS_LONG else 600
Draw = Callable[[random.Random], float]


def _normal(source: random.Random) -> float:
    return source.gauss(0, 1)


def _skewed(source: random.Random) -> float:
    """A log-normal value with mean 0 and standard deviation 1; skewness 2.3."""
    variance = 0.36
    centred = source.lognormvariate(0, math.sqrt(variance)) - math.exp(variance / 2)
    return centred / math.sqrt((math.exp(variance) - 1) * math.exp(variance))


def _heavy(source: random.Random) -> float:
    """Student's t with 3 degrees of freedom, standard deviation 1."""
    return source.gauss(0, 1) / math.sqrt(source.gammavariate(1.5, 2))


KINDS: tuple[Draw, ...] = (_normal, _skewed, _heavy)


def _group(source: random.Random, draw: Draw, count: int, mean: float = 0.0) -> list[float]:
    return [mean + draw(source) for _ in range(count)]


def _project(source: random.Random, draw: Draw, groups: int = 4) -> NoiseFloor | None:
    """Return the noise floor of groups of five seeds with means of their own."""
    return noise_floor([_group(source, draw, 5, source.uniform(-9, 9)) for _ in range(groups)])


def _margin(share: float, count: int) -> float:
    """Return three standard errors of a simulated share: what chance adds to it."""
    return 3 * math.sqrt(share * (1 - share) / count)


@pytest.mark.parametrize("has_noise", [False, True], ids=["pair alone", "project with replicas"])
def test_equal_groups_are_rarely_called_better_and_intervals_cover(has_noise: bool) -> None:
    source = random.Random(20261130)
    words: Counter[str] = Counter()
    covered = 0
    for pair in range(PAIRS):
        draw = KINDS[pair % len(KINDS)]
        noise = _project(source, draw) if has_noise else None
        a, b = (_group(source, draw, source.randint(2, 8)) for _ in "ab")
        verdict = judge(a, b, goal=MORE, noise=noise)
        words[verdict.verdict] += 1
        assert verdict.interval is not None
        covered += verdict.interval[0] <= 0 <= verdict.interval[1]
    slack = 0.0 if IS_LONG else _margin(0.05, PAIRS)
    assert words["better"] <= (0.05 + slack) * PAIRS
    assert words["worse"] <= (0.05 + slack) * PAIRS
    assert 0.93 - slack <= covered / PAIRS <= 0.97 + slack


def test_groups_two_sigma_apart_are_found_in_a_project_with_replicas() -> None:
    source = random.Random(2)
    better = 0
    for _ in range(PAIRS):
        noise = _project(source, _normal)
        better += (
            judge(_group(source, _normal, 5, 2.0), _group(source, _normal, 5), goal=MORE, noise=noise).verdict
            == "better"
        )
    assert better >= 0.9 * PAIRS


def test_a_pair_alone_is_found_as_often_as_the_best_test_allows() -> None:
    """Without other replicas even the uniformly most powerful test finds 89 %."""
    source = random.Random(3)
    verdicts = [
        judge(_group(source, _normal, 5, 2.0), _group(source, _normal, 5), goal=MORE) for _ in range(PAIRS)
    ]
    assert sum(verdict.verdict == "better" for verdict in verdicts) >= 0.86 * PAIRS


def test_single_runs_are_judged_by_the_noise_floor() -> None:
    source = random.Random(4)
    wrong = covered = 0
    for _ in range(PAIRS):
        noise = _project(source, _normal)
        verdict = judge(_group(source, _normal, 1), _group(source, _normal, 1), goal=MORE, noise=noise)
        assert verdict.method == FLOOR
        assert verdict.interval is not None
        wrong += verdict.verdict == "better"
        covered += verdict.interval[0] <= 0 <= verdict.interval[1]
    margin = _margin(0.05, PAIRS)
    assert wrong / PAIRS <= 0.05 + margin
    assert abs(covered / PAIRS - 0.95) <= margin


def test_long_skewed_groups_are_bootstrapped_and_their_intervals_cover() -> None:
    source = random.Random(5)
    pairs = PAIRS // 10
    verdicts = [
        judge(_group(source, _skewed, 25), _group(source, _skewed, 40), goal=MORE) for _ in range(pairs)
    ]
    assert sum(verdict.method == BOOTSTRAP for verdict in verdicts) > pairs / 2
    covered = sum(low <= 0 <= high for low, high in (verdict.interval or (1, 1) for verdict in verdicts))
    assert 0.93 - _margin(0.05, pairs) <= covered / pairs <= 0.97 + _margin(0.05, pairs)


def test_groups_of_different_spread_lose_the_weight_of_the_noise_floor() -> None:
    source = random.Random(6)
    alike = noise_floor([_group(source, _normal, 5) for _ in range(40)])
    uneven = noise_floor([[value * 10 ** (i % 3) for value in _group(source, _normal, 5)] for i in range(40)])
    assert alike is not None and uneven is not None
    assert alike.degrees_of_freedom == uneven.degrees_of_freedom == 160
    assert abs(alike.std - 1) < 0.15
    assert alike.weight > 30
    assert uneven.weight < 3


def test_of_many_equal_groups_few_projects_have_a_wrong_one() -> None:
    source = random.Random(7)
    projects = PAIRS // 15
    plain = wrong = 0
    for _ in range(projects):
        base = _group(source, _normal, 5)
        verdicts = [judge(_group(source, _normal, 5), base, goal=MORE) for _ in range(20)]
        plain += any(verdict.verdict == "better" for verdict in verdicts)
        corrected = correct(verdicts)
        assert {verdict.comparisons for verdict in corrected} == {20}
        assert "corrected for 20 comparisons" in corrected[0].method
        wrong += any(verdict.verdict == "better" for verdict in corrected)
    assert wrong / projects <= 0.05 + _margin(0.05, projects)
    assert plain > 3 * wrong


def test_the_predicted_number_of_seeds_decides() -> None:
    a, b = [1.0, 1.2, 0.8], [0.9, 1.1, 0.7]
    verdict = judge(a, b, metric="acc", goal=MORE)
    assert verdict.verdict == "within_noise"
    assert verdict.seeds_to_decide is not None
    spread = 0.2
    for more, expected in (
        (verdict.seeds_to_decide, "better"),
        (verdict.seeds_to_decide - 1, "within_noise"),
    ):
        n = 3 + more
        # n values with the same mean and the same variance.
        half = math.sqrt(spread**2 * (n - 1) / (n - n % 2))
        values = [half * (-1) ** i for i in range(n - n % 2)] + [0.0] * (n % 2)
        longer = judge([1.0 + v for v in values], [0.9 + v for v in values], goal=MORE)
        assert longer.verdict == expected
    assert str(verdict.seeds_to_decide) in verdict.sentence


@pytest.mark.parametrize(
    ("a", "b", "goal", "noise", "word", "sentence"),
    [
        ([1.0], [2.0], "max", None, "unknown", "one run each, noise unknown"),
        ([1.0, 1.0], [2.0, 2.0], "max", None, "unknown", "the runs of each group are equal, noise unknown"),
        ([], [2.0], "max", None, "unknown", "no values to compare"),
        ([math.nan], [2.0], "max", None, "unknown", "no values to compare"),
        ([3.0, 3.0], [3.0, 3.0], "max", None, "within_noise", "no difference (2 and 2 seeds)"),
        ([108.0], [100.0], "max", (1.0, 30), "better", "better by 8.0 % ± 2.9 (one run each)"),
        ([108.0], [100.0], "min", (1.0, 30), "worse", "worse by 8.0 % ± 2.9 (one run each)"),
        ([102.6], [100.0], "max", (1.0, 30), "better", "narrowly better by 2.6 % ± 2.9 (one run each)"),
        ([8.0], [0.0], "max", (1.0, 30), "better", "better by 8.0 ± 2.9 (one run each)"),
        (
            [108.0],
            [100.0],
            "unknown",
            (1.0, 30),
            "unknown",
            "higher by 8.0 % ± 2.9 (one run each); which direction is better is unknown",
        ),
        ([101.0], [100.0], "max", (1.0, 30), "within_noise", "within noise; 5 more seeds each would decide"),
    ],
)  # fmt: skip
def test_a_verdict_is_one_sentence(a, b, goal, noise, word, sentence) -> None:  # type: ignore[no-untyped-def]
    floor = None if noise is None else NoiseFloor(*noise, weight=noise[1])
    verdict = judge(a, b, goal=Goal(goal), noise=floor)
    assert (verdict.verdict, str(verdict.sentence)) == (word, sentence)


def test_the_method_is_named() -> None:
    floor = NoiseFloor(1.0, 30, 30)
    assert judge([1, 2, 3], [2, 3, 4]).method == WELCH
    assert judge([1, 2, 3], [2, 3, 4], noise=floor).method == MODERATED


def test_the_name_of_a_metric_suggests_its_goal() -> None:
    assert goal_by_name("val/loss") == Goal("min", True)
    assert goal_by_name("top1_error") == Goal("min", True)
    assert goal_by_name("val_acc") == Goal("max", True)
    assert goal_by_name("lr").direction == goal_by_name("grad_norm").direction == "unknown"
    verdict = judge([108.0], [100.0], goal=goal_by_name("val_acc"), noise=NoiseFloor(1.0, 30, 30))
    assert str(verdict.sentence).endswith("(one run each), if more is better?")


@given(st.floats(0, 60), st.floats(0.5, 500))
def test_tails_and_quantiles_of_students_t_agree_with_scipy(t: float, df: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert student.upper_tail(t, df) == pytest.approx(stats.t.sf(t, df), rel=1e-9, abs=1e-14)
    assert student.upper_tail(-t, df) == pytest.approx(stats.t.sf(-t, df), rel=1e-9)
    assert student.quantile(0.975, df) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-8)


def test_adjusted_p_values_are_those_of_the_paper() -> None:
    """The fifteen p-values of Benjamini and Hochberg (1995), section 3.1: four are rejected at 5 %."""
    p_values: Sequence[float] = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240),
        *(0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
    ]
    assert sum(p_value <= 0.05 for p_value in benjamini_hochberg(p_values)) == 4
    assert sum(p_value <= 0.05 for p_value in benjamini_hochberg(p_values[::-1])) == 4
