"""Which settings the demo tries."""

from __future__ import annotations

import pytest

from runicorn_site.demo.trials import LIMIT, Trial, plan


def _diverges(trial: Trial) -> bool:
    return trial.rates[-1] > trial.rates[0]


def _crashes(trial: Trial) -> bool:
    return len(trial.rates) * 10 < trial.epochs


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


def test_no_settings_are_tried_twice() -> None:
    settings = {(t.hidden, t.optimizer, t.rates, t.batch, t.decay) for t in plan(LIMIT, seed=3)}
    assert len(settings) == LIMIT


def test_a_dozen_shows_every_family() -> None:
    assert {trial.name.partition("-")[0] for trial in plan(12, seed=5)} == {
        "linear",
        "narrow",
        "wide",
        "deep",
    }


def test_names_tell_the_trials_apart() -> None:
    assert len({trial.name for trial in plan(LIMIT, seed=3)}) == LIMIT


def test_the_same_seed_gives_the_same_plan() -> None:
    assert plan(12, seed=1) == plan(12, seed=1)
    assert plan(12, seed=1) != plan(12, seed=2)
