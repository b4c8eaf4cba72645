"""Real trainings with XGBoost, and what the callback has written of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_digits

import runicorn as rn
from tests.records import Record, records
from tests.sdk.integrations.libraries import needs_library

pytestmark = needs_library("xgboost")
PARAMETERS = {
    "objective": "multi:softprob",
    "num_class": 10,
    "max_depth": 2,
    "nthread": 1,
    "eval_metric": "mlogloss",
}


def _data() -> tuple[Any, Any]:
    import xgboost

    images, labels = load_digits(return_X_y=True)
    return xgboost.DMatrix(images[:400], labels[:400]), xgboost.DMatrix(images[400:600], labels[400:600])


def _train(callback: Any, rounds: int = 4, **more: Any) -> dict[str, Any]:
    import xgboost

    train, val = _data()
    expected: dict[str, Any] = {}
    evals = [(train, "train"), (val, "val")]
    xgboost.train(
        PARAMETERS,
        train,
        rounds,
        evals,
        evals_result=expected,
        verbose_eval=False,
        callbacks=[callback],
        **more,
    )
    return expected


def _callback(*arguments: Any, **options: Any) -> Any:
    from runicorn.integrations.xgboost import RunicornCallback

    return RunicornCallback(*arguments, **options)


def test_every_round_of_every_data_set_is_logged(only_run: Callable[[], Record]) -> None:
    expected = _train(_callback(project="trees", name="depth-2", config=PARAMETERS))
    run = only_run()
    assert run.curve("train/mlogloss") == list(enumerate(expected["train"]["mlogloss"], start=1))
    assert run.curve("val/mlogloss") == list(enumerate(expected["val"]["mlogloss"], start=1))
    assert run.metrics() == {"train/mlogloss", "val/mlogloss"}
    assert (run.meta["project"], run.meta["name"]) == ("trees", "depth-2")
    assert run.config == PARAMETERS
    assert run.status["status"] == "finished"


def test_early_stopping_leaves_the_best_round_in_the_summary(only_run: Callable[[], Record]) -> None:
    expected = _train(_callback(project="trees"), rounds=200, early_stopping_rounds=1)
    losses = expected["val"]["mlogloss"]
    assert only_run().summary["best_round"] == losses.index(min(losses)) + 1 < 200
    assert only_run().summary["best_score"] == pytest.approx(min(losses))


def test_a_cross_validation_logs_mean_and_deviation(only_run: Callable[[], Record]) -> None:
    import xgboost

    callback = _callback(project="trees")
    expected = xgboost.cv(PARAMETERS, _data()[0], 3, nfold=2, callbacks=[callback], as_pandas=False)
    run = only_run()
    assert [value for _, value in run.curve("test/mlogloss")] == expected["test-mlogloss-mean"]
    assert [value for _, value in run.curve("test/mlogloss-std")] == expected["test-mlogloss-std"]


def test_the_active_run_is_used_and_not_ended(only_run: Callable[[], Record]) -> None:
    run = rn.init("mine", "own")
    _train(_callback())
    assert run.is_open()
    assert len(only_run().curve("val/mlogloss")) == 4


def test_a_run_that_is_given_is_used_though_another_is_active(root: Path) -> None:
    own, active = rn.init("given"), rn.init("active")
    _train(_callback(own))
    assert own.is_open() and active.is_open()
    assert [bool(record.metrics()) for record in records(root)] == [True, False]


def test_options_make_a_run_of_its_own_though_one_is_active(root: Path) -> None:
    active = rn.init("active")
    _train(_callback(project="own"))
    assert rn.get_active_run() is active
    assert [record.status["status"] for record in records(root)] == ["running", "finished"]


def test_every_training_is_a_run_of_its_own(root: Path) -> None:
    callback = _callback(project="trees")
    _train(callback)
    _train(callback)
    assert [len(record.curve("val/mlogloss")) for record in records(root)] == [4, 4]


def test_a_training_that_broke_off_is_ended_by_the_next(root: Path) -> None:
    import xgboost

    class Stumble(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            raise RuntimeError("stumbled")

    callback = _callback(project="trees")
    with pytest.raises(RuntimeError, match="stumbled"):
        xgboost.train(PARAMETERS, _data()[0], 3, callbacks=[callback, Stumble()])
    _train(callback)
    assert [record.status["status"] for record in records(root)] == ["failed", "finished"]


def test_a_run_and_options_at_once_are_refused(root: Path) -> None:
    with pytest.raises(TypeError, match="not both"):
        _callback(rn.init(), project="trees")


def test_the_sklearn_estimator_accepts_the_callback(only_run: Callable[[], Record]) -> None:
    import xgboost
    from sklearn.base import clone

    images, labels = load_digits(return_X_y=True)
    model = xgboost.XGBClassifier(
        n_estimators=3, max_depth=2, n_jobs=1, callbacks=[_callback(project="trees")]
    )
    clone(model).fit(images[:300], labels[:300], eval_set=[(images[300:500], labels[300:500])], verbose=False)
    assert len(only_run().curve("validation_0/mlogloss")) == 3
