"""The noise floor of a project is asked for once for each of its groups, without the runs of that group."""

from __future__ import annotations

import random
from dataclasses import astuple

import pytest

from runicorn_tools.analysis import noise, student
from runicorn_tools.analysis.noise import Replicas, noise_floor


def groups_of(count: int) -> list[list[float]]:
    source = random.Random(count)
    return [
        [source.gauss(0.8, 0.01 * (1 + at % 3)) for _ in range(source.randint(1, 6))] for at in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_noise_floor_is_that_of_the_remaining_values(count: int) -> None:
    groups = groups_of(30)
    replicas = Replicas(groups)
    assert replicas.noise_floor() == noise_floor(groups)
    for at in range(len(groups)):
        rest = [group[:count] if place == at else group for place, group in enumerate(groups)]
        own, expected = replicas.noise_floor({at: groups[at][:count]}), noise_floor(rest)
        assert own is not None and expected is not None
        assert astuple(own) == pytest.approx(astuple(expected), rel=1e-12)


def test_nothing_remains_of_the_only_group() -> None:
    assert Replicas([[1.0, 2.0], [3.0]]).noise_floor({0: [1.0]}) is None


def test_each_group_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []
    exact = noise.variance

    def variance(values: list[float]) -> float:
        measured.append(len(values))
        return exact(values)

    monkeypatch.setattr(noise, "variance", variance)
    groups = [[1.0, 2.0, float(at)] for at in range(200)]
    replicas = Replicas(groups)
    for at in range(len(groups)):
        replicas.noise_floor({at: []})
    assert measured == [3] * 200


def test_a_quantile_takes_few_looks_at_the_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    exact = student.upper_tail

    def upper_tail(t: float, df: float) -> float:
        looks.append(t)
        return exact(t, df)

    monkeypatch.setattr(student, "upper_tail", upper_tail)
    for df in (0.7, 1.3, 4.2, 33.3, 1e6):
        student.quantile.__wrapped__(0.975, df)
    assert len(looks) < 5 * 16
