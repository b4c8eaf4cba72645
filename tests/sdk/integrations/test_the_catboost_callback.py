"""Real trainings with CatBoost, and what the callback has written of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_digits

from runicorn.integrations.catboost import RunicornCallback
from tests.records import Record, records
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("catboost"), pytest.mark.torture]


def _train(callback: RunicornCallback, **options: Any) -> Any:
    import catboost

    images, labels = load_digits(return_X_y=True)
    settings = {
        "iterations": 5,
        "depth": 2,
        "thread_count": 1,
        "verbose": False,
        "allow_writing_files": False,
    }
    model = catboost.CatBoostClassifier(**{**settings, **options})
    val = (images[300:500], labels[300:500])
    return model.fit(images[:300], labels[:300], eval_set=val, callbacks=[callback])


def test_every_round_is_logged_and_the_model_completes_the_run(only_run: Callable[[], Record]) -> None:
    callback = RunicornCallback(project="trees")
    model = _train(callback)
    assert only_run().status["status"] == "running"
    callback.finish(model)
    run = only_run()
    for data in ("learn", "validation"):
        expected = model.get_evals_result()[data]["MultiClass"]
        assert run.curve(f"{data}-MultiClass") == list(enumerate(expected, start=1))
    assert run.config["depth"] == 2
    assert run.summary["best_iteration"] == model.get_best_iteration() + 1
    assert [table["key"] for table in run.events("table")] == ["feature_importance"]
    assert run.status["status"] == "finished"


def test_every_training_is_a_run_of_its_own(root: Path) -> None:
    callback = RunicornCallback(project="trees")
    _train(callback)
    callback.finish(_train(callback))
    assert [len(record.curve("learn-MultiClass")) for record in records(root)] == [5, 5]
    assert [record.status["status"] for record in records(root)] == ["failed", "finished"]


def test_a_metric_is_logged_only_where_it_was_computed(only_run: Callable[[], Record]) -> None:
    callback = RunicornCallback(project="trees")
    callback.finish(_train(callback, custom_metric=["Accuracy"], metric_period=2))
    assert [step for step, _ in only_run().curve("validation-Accuracy")] == [1, 3, 5]
