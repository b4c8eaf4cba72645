"""Real trainings with LightGBM, and what the callback has written of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_digits

from runicorn.integrations.lightgbm import RunicornCallback
from tests.records import Record, records
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("lightgbm"), pytest.mark.torture]
PARAMETERS = {"objective": "multiclass", "num_class": 10, "num_leaves": 4, "num_threads": 1, "verbose": -1}


def _data() -> tuple[Any, Any]:
    import lightgbm

    images, labels = load_digits(return_X_y=True)
    train = lightgbm.Dataset(images[:400], labels[:400])
    return train, lightgbm.Dataset(images[400:600], labels[400:600], reference=train)


def _train(callback: RunicornCallback, rounds: int = 4, stop: int = 0) -> tuple[Any, dict[str, Any]]:
    import lightgbm

    expected: dict[str, Any] = {}
    callbacks = [lightgbm.record_evaluation(expected), callback]
    callbacks += [lightgbm.early_stopping(stop, verbose=False)] if stop else []
    train, val = _data()
    return lightgbm.train(PARAMETERS, train, rounds, [val], ["val"], callbacks=callbacks), expected


def test_every_round_is_logged_with_the_parameters(only_run: Callable[[], Record]) -> None:
    _, expected = _train(RunicornCallback(project="trees"))
    run = only_run()
    assert run.curve("val_multi_logloss") == list(enumerate(expected["val"]["multi_logloss"], start=1))
    assert run.config["num_leaves"] == 4 and run.config["epochs"] == 4
    assert run.status["status"] == "finished"


def test_early_stopping_leaves_the_best_round_and_the_features(only_run: Callable[[], Record]) -> None:
    callback = RunicornCallback(project="trees")
    booster, expected = _train(callback, rounds=300, stop=2)
    assert only_run().status["status"] == "running"
    callback.finish(booster)
    run, losses = only_run(), expected["val"]["multi_logloss"]
    assert run.summary["best_iteration"] == losses.index(min(losses)) + 1 < 300
    assert run.summary["best_val_multi_logloss"] == pytest.approx(min(losses))
    assert len(run.curve("val_multi_logloss")) == len(losses)
    assert [table["key"] for table in run.events("table")] == ["feature_importance"]
    assert run.status["status"] == "finished"


def test_a_cross_validation_logs_mean_and_deviation(only_run: Callable[[], Record]) -> None:
    import lightgbm

    expected = lightgbm.cv(PARAMETERS, _data()[0], 3, nfold=2, callbacks=[RunicornCallback(project="trees")])
    run = only_run()
    for ours, theirs in (("mean", "valid multi_logloss-mean"), ("stdv", "valid multi_logloss-stdv")):
        assert [value for _, value in run.curve(f"valid_multi_logloss-{ours}")] == expected[theirs]


def test_every_training_is_a_run_of_its_own(root: Path) -> None:
    callback = RunicornCallback(project="trees")
    _train(callback)
    _train(callback)
    assert [len(record.curve("val_multi_logloss")) for record in records(root)] == [4, 4]
