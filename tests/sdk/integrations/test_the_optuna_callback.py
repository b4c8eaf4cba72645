"""Real studies with Optuna, and what the callback has written of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from tests.records import Record, records
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("optuna"), pytest.mark.torture]


def _callback(*arguments: Any, **options: Any) -> Any:
    from runicorn.integrations.optuna import RunicornCallback

    return RunicornCallback(*arguments, project="search", **options)


@pytest.mark.parametrize("storage", [None, "sqlite:///{folder}/study.db"])
def test_trials_are_runs_of_the_study_whatever_its_storage(
    root: Path, tmp_path: Path, storage: str | None
) -> None:
    import optuna

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", -1, 1)
        for step in (1, 2):
            trial.report(x * step, step)
            if trial.number == 1:
                raise optuna.TrialPruned
        if trial.number == 2:
            raise ValueError("stumbled")
        return x

    place = storage and storage.format(folder=tmp_path)
    study = optuna.create_study(study_name="lines", storage=place, direction="maximize")
    study.optimize(objective, n_trials=4, callbacks=[_callback()], catch=ValueError)
    runs = records(root)
    assert [(run.meta["group"], run.meta["name"]) for run in runs] == [
        ("lines", f"trial-{n}") for n in range(4)
    ]
    assert [run.status["status"] for run in runs] == ["finished", "interrupted", "failed", "finished"]
    assert runs[1].status["exit_reason"] == "pruned at step 1"
    for run, trial in zip(runs, study.get_trials(), strict=True):
        assert run.config == {**trial.params, "trial": trial.number, "direction": "maximize"}
        assert run.curve("intermediate_value") == list(trial.intermediate_values.items())
    assert runs[3].curve("value") == [(2, study.trials[3].value)]
    assert runs[3].summary["best_metric_name"] == "value"


def test_an_objective_may_log_to_the_run_of_its_trial(root: Path) -> None:
    import optuna

    callback = _callback("accuracy")

    @callback.track
    def objective(trial: Any) -> float:
        trial.suggest_int("depth", 1, 4)
        for step in (1, 2, 3):
            rn.log({"loss": 1 / step}, step=step)
        if trial.number == 1:
            raise ValueError("stumbled")
        return 0.5

    study = optuna.create_study()
    study.optimize(objective, n_trials=2, callbacks=[callback], catch=ValueError)
    first, second = records(root)
    assert first.curve("loss") == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert first.curve("accuracy") == [(0, 0.5)]
    assert first.config["depth"] == study.trials[0].params["depth"]
    assert (second.status["status"], second.status["exit_reason"]) == ("failed", "ValueError: stumbled")
    assert rn.get_active_run() is None


def test_several_objectives_get_numbers(only_run: Callable[[], Record]) -> None:
    import optuna

    study = optuna.create_study(directions=["minimize", "maximize"])
    study.optimize(lambda trial: (1.0, 2.0), n_trials=1, callbacks=[_callback()])
    assert (only_run().curve("value_0"), only_run().curve("value_1")) == ([(0, 1.0)], [(0, 2.0)])
    assert only_run().config["direction"] == "minimize,maximize"
