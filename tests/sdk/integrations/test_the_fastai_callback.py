"""Real trainings with fastai, and what the callback has written of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.records import Record, records
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("fastai", "torch"), pytest.mark.torture]


@pytest.fixture
def learner() -> Any:
    import torch
    from fastai.callback.schedule import fit_one_cycle  # noqa: F401  (a method of Learner)
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.metrics import mae

    x = torch.linspace(0, 1, 24).reshape(-1, 1)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 2 * x), batch_size=4)
    learner = Learner(
        DataLoaders(loader, loader), torch.nn.Linear(1, 1), loss_func=torch.nn.MSELoss(), metrics=mae
    )
    learner.remove_cb(learner.progress)
    return learner


def _callback(**options: Any) -> Any:
    from runicorn.integrations.fastai import RunicornCallback

    return RunicornCallback(project="vision", **options)


def test_batches_and_epochs_are_logged(learner: Any, only_run: Callable[[], Record]) -> None:
    learner.fit(2, 0.1, cbs=_callback(every=3))
    run = only_run()
    assert [step for step, _ in run.curve("raw_loss")] == [3, 6, 9, 12]
    expected = learner.recorder.values
    assert run.curve("valid_loss") == [
        (6, pytest.approx(expected[0][1])),
        (12, pytest.approx(expected[1][1])),
    ]
    assert [value for _, value in run.curve("mae")] == pytest.approx([expected[0][2], expected[1][2]])
    assert {value for _, value in run.curve("lr_0")} == {0.1}
    assert run.config["architecture"] == "Linear" and run.config["epochs"] == 2
    assert run.status["status"] == "finished"


def test_a_training_that_broke_off_is_ended_by_the_next(learner: Any, root: Path) -> None:
    from fastai.callback.core import Callback

    class Stumble(Callback):
        def after_batch(self) -> None:
            raise RuntimeError("stumbled")

    callback, stumble = _callback(), Stumble()
    with pytest.raises(RuntimeError, match="stumbled"):
        learner.fit(1, 0.1, cbs=[callback, stumble])
    learner.fit(1, 0.1, cbs=callback)
    assert [run.status["status"] for run in records(root)] == ["failed", "finished"]


def test_a_validation_makes_no_run(learner: Any, root: Path) -> None:
    learner.add_cb(_callback())
    learner.validate()
    assert not list(root.rglob("meta.json"))
