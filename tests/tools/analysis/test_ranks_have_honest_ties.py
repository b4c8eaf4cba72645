"""Leaderboards: groups within noise of each other share a rank."""

from __future__ import annotations

from runicorn_tools.analysis.goals import UNKNOWN, Goal
from runicorn_tools.analysis.noise import NoiseFloor
from runicorn_tools.analysis.ranking import MOST, ranks

SPREAD = (-0.01, 0.0, 0.01)


def _around(mean: float) -> list[float]:
    return [mean + shift for shift in SPREAD]


def test_groups_within_noise_share_a_rank() -> None:
    groups = [_around(0.50), _around(0.901), _around(0.90), _around(0.70)]
    assert ranks(groups, Goal("max")) == [4, 1, 1, 3]
    assert ranks(groups, Goal("min")) == [1, 3, 3, 2]


def test_single_runs_are_ranked_by_the_noise_floor_only() -> None:
    groups: list[list[float]] = [[0.9], [0.899], [0.5], []]
    assert ranks(groups, Goal("max")) == [None] * 4
    assert ranks(groups, Goal("max"), NoiseFloor(0.01, 20, 20)) == [1, 1, 3, None]


def test_an_unknown_direction_ranks_nothing_and_only_the_best_are_compared() -> None:
    assert ranks([_around(1), _around(2)], UNKNOWN) == [None, None]
    assert ranks([_around(1)], Goal("max")) == [1]
    many = ranks([_around(at) for at in range(MOST + 5)], Goal("max"))
    assert many[:5] == [None] * 5 and many[-1] == 1 and many[5] == MOST
