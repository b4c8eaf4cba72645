"""Real trainings with Keras, and what the callback has written of them."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.records import Record, records
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("keras", "torch"), pytest.mark.torture]
if importlib.util.find_spec("torch"):
    os.environ.setdefault("KERAS_BACKEND", "torch")


@pytest.fixture
def model() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.25), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.random((32, 4), np.float32), rng.integers(0, 3, 32)


def _fit(model: Any, callback: Any) -> dict[str, list[float]]:
    history = model.fit(
        *_data(), batch_size=8, epochs=3, validation_data=_data(), verbose=0, callbacks=[callback]
    )
    return history.history


def _callback(*arguments: Any, **options: Any) -> Any:
    from runicorn.integrations.keras import RunicornCallback

    return RunicornCallback(*arguments, **options)


def test_every_epoch_is_logged(model: Any, only_run: Callable[[], Record]) -> None:
    history = _fit(model, _callback(project="vision", name="small", config={"layers": 1}))
    run = only_run()
    for ours, theirs in (
        ("train/loss", "loss"),
        ("train/accuracy", "accuracy"),
        ("val/loss", "val_loss"),
        ("val/accuracy", "val_accuracy"),
    ):
        assert run.curve(ours) == list(enumerate(history[theirs], start=1))
    assert [value for _, value in run.curve("epoch")] == [1, 2, 3]
    assert {value for _, value in run.curve("train/learning_rate")} == {0.25}
    assert run.status["status"] == "finished"


def test_the_settings_are_in_the_config(model: Any, only_run: Callable[[], Record]) -> None:
    _fit(model, _callback(project="vision", config={"layers": 1, "epochs": "three"}))
    config = only_run().config
    assert config["layers"] == 1
    assert config["epochs"] == "three"
    assert config["optimizer.learning_rate"] == 0.25


def test_batches_are_logged_where_that_is_asked_for(model: Any, only_run: Callable[[], Record]) -> None:
    _fit(model, _callback(project="vision", every=2))
    run = only_run()
    assert [step for step, _ in run.curve("train/loss")] == [2, 4, 4, 6, 8, 8, 10, 12, 12]
    assert [step for step, _ in run.curve("val/loss")] == [4, 8, 12]
    assert run.config["total_steps"] == 12


def test_a_later_evaluation_belongs_to_the_run_of_the_training(
    model: Any, only_run: Callable[[], Record]
) -> None:
    callback = _callback(project="vision", tags=["kept"])
    _fit(model, callback)
    expected = model.evaluate(*_data(), verbose=0, return_dict=True, callbacks=[callback])
    run = only_run()
    assert run.curve("test/loss") == [(3, pytest.approx(expected["loss"]))]
    assert len(run.curve("train/loss")) == 3
    assert run.status["status"] == "finished"
    assert run.meta["tags"] == ["kept"]


def test_an_evaluation_without_a_training_is_a_run_of_its_own(
    model: Any, only_run: Callable[[], Record]
) -> None:
    model.evaluate(*_data(), verbose=0, callbacks=[_callback(project="vision")])
    assert only_run().metrics() == {"test/loss", "test/accuracy"}
    assert only_run().status["status"] == "finished"


def test_two_trainings_are_two_runs(model: Any, root: Path) -> None:
    callback = _callback(project="vision")
    _fit(model, callback)
    _fit(model, callback)
    assert [[step for step, _ in run.curve("val/loss")] for run in records(root)] == [[1, 2, 3], [1, 2, 3]]
