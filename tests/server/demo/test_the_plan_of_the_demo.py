"""Which settings the demo tries."""

from __future__ import annotations

from collections import Counter

import pytest

from runicorn_site.demo.trials import EPOCHS, LIMIT, STRETCH, Trial, plan


def _diverges(trial: Trial) -> bool:
    return trial.rates[-1] > trial.rates[0]


def _crashes(trial: Trial) -> bool:
    return len(trial.rates) * STRETCH < EPOCHS


@pytest.mark.parametrize("runs", [3, 4, 12, LIMIT])
def test_one_of_three_or_more_diverges_and_one_crashes(runs: int) -> None:
    trials = plan(runs, seed=0)
    assert len(trials) == runs
    assert sum(map(_diverges, trials)) == 1
    assert sum(map(_crashes, trials)) == 1


@pytest.mark.parametrize("runs", [1, 2])
def test_one_or_two_all_go_well(runs: int) -> None:
    trials = plan(runs, seed=0)
    assert len(trials) == runs
    assert not any(_diverges(trial) or _crashes(trial) for trial in trials)


def test_each_config_is_tried_with_three_seeds() -> None:
    seeds = Counter(trial.group for trial in plan(14, seed=0))
    assert sorted(seeds.values()) == [1, 1, 3, 3, 3, 3]
    assert len({(trial.group, trial.seed) for trial in plan(LIMIT, seed=3)}) == LIMIT


def test_names_of_groups_tell_the_configs_apart() -> None:
    configs = {trial.group: trial._replace(seed=0) for trial in plan(LIMIT, seed=3)}
    assert len(set(configs.values())) == len(configs)
    assert all(configs[trial.group] == trial._replace(seed=0) for trial in plan(LIMIT, seed=3))


def test_the_usual_count_shows_every_family() -> None:
    families = {trial.group.partition("-")[0] for trial in plan(14, seed=5)}
    assert families == {"linear", "narrow", "wide", "deep"}


def test_the_same_seed_gives_the_same_plan() -> None:
    assert plan(12, seed=1) == plan(12, seed=1)
    assert plan(12, seed=1) != plan(12, seed=2)
