"""Real trainings with Lightning, and what the callback has written of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from tests.records import Record, records
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("lightning", "torch"), pytest.mark.torture]
BATCHES = 6


def _data() -> Any:
    import torch

    x = torch.linspace(0, 1, 4 * BATCHES).reshape(-1, 1)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 2 * x), batch_size=4)


@pytest.fixture
def module() -> Any:
    """A line that keeps what it logged; it stumbles at `stumble_at`."""
    import lightning
    import torch

    class Line(lightning.LightningModule):
        stumble_at: int | None = None
        error: type[BaseException] = RuntimeError

        def __init__(self, lr: float = 0.25) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(1, 1)
            self.told: dict[str, list[float]] = {"train/loss": [], "val/loss": [], "test/loss": []}

        def _loss(self, name: str, batch: Any, **how: Any) -> Any:
            x, y = batch
            loss = ((self.layer(x) - y) ** 2).mean()
            self.told[name].append(float(loss))
            self.log(name, loss, **how)
            return loss

        def training_step(self, batch: Any, index: int) -> Any:
            if self.global_step == self.stumble_at:
                raise self.error("stumbled")
            self.log("train/whole_epoch", float(index), on_step=False, on_epoch=True)
            return self._loss("train/loss", batch)

        def validation_step(self, batch: Any, index: int) -> None:
            self._loss("val/loss", batch)

        def test_step(self, batch: Any, index: int) -> None:
            self._loss("test/loss", batch)

        def on_train_epoch_end(self) -> None:
            self.log("late", 1.0)

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

    return Line()


def _trainer(root: Path, callback: Any, **settings: Any) -> Any:
    import lightning

    options = {"max_epochs": 2, "log_every_n_steps": 2, "num_sanity_val_steps": 1} | settings
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    return lightning.Trainer(
        accelerator="cpu",
        logger=False,
        default_root_dir=root.parent,
        callbacks=[callback],
        **options,
        **quiet,
    )


def _callback(*arguments: Any, **options: Any) -> Any:
    from runicorn.integrations.lightning import RunicornCallback

    return RunicornCallback(*arguments, **options)


def test_steps_are_logged_as_often_as_the_trainer_does(
    module: Any, root: Path, only_run: Callable[[], Record]
) -> None:
    _trainer(root, _callback(project="vision", name="line")).fit(module, _data())
    run = only_run()
    steps = [2, 4, 6, 8, 10, 12]
    expected = [(step, pytest.approx(module.told["train/loss"][step - 1])) for step in steps]
    assert run.curve("train/loss") == expected
    assert run.status["status"] == "finished"


def test_epochs_and_evaluations_are_logged_once(
    module: Any, root: Path, only_run: Callable[[], Record]
) -> None:
    _trainer(root, _callback(project="vision")).fit(module, _data(), _data())
    run = only_run()
    assert run.curve("train/whole_epoch") == [(6, 2.5), (12, 2.5)]
    losses = module.told["val/loss"][1:]  # the first is of the check before the first epoch
    means = [sum(losses[:BATCHES]) / BATCHES, sum(losses[BATCHES:]) / BATCHES]
    assert run.curve("val/loss") == [(6, pytest.approx(means[0])), (12, pytest.approx(means[1]))]
    assert {value for step, value in run.curve("epoch") if step <= BATCHES} == {0}
    assert {value for step, value in run.curve("epoch") if step > BATCHES} == {1}


def test_what_a_hook_of_the_module_logs_last_is_not_lost(
    module: Any, root: Path, only_run: Callable[[], Record]
) -> None:
    _trainer(root, _callback(project="vision")).fit(module, _data())
    assert [value for _, value in only_run().curve("late")] == [1.0, 1.0]


def test_accumulated_gradients_do_not_log_a_step_twice(
    module: Any, root: Path, only_run: Callable[[], Record]
) -> None:
    callback = _callback(project="vision")
    _trainer(root, callback, accumulate_grad_batches=3, log_every_n_steps=1).fit(module, _data())
    assert [step for step, _ in only_run().curve("train/loss")] == [1, 2, 3, 4]


def test_hyperparameters_and_extent_are_in_the_config(
    module: Any, root: Path, only_run: Callable[[], Record]
) -> None:
    _trainer(root, _callback(project="vision", config={"mine": 1})).fit(module, _data())
    assert only_run().config == {"mine": 1, "lr": 0.25, "epochs": 2}


def test_a_later_test_belongs_to_the_run_of_the_training(
    module: Any, root: Path, only_run: Callable[[], Record]
) -> None:
    trainer = _trainer(root, _callback(project="vision"))
    trainer.fit(module, _data())
    (expected,) = trainer.test(module, _data(), verbose=False)
    run = only_run()
    assert run.curve("test/loss") == [(12, pytest.approx(expected["test/loss"]))]
    assert [step for step, _ in run.curve("train/loss")] == [2, 4, 6, 8, 10, 12]
    assert run.status["status"] == "finished"


def test_an_exception_ends_the_run_as_failed(module: Any, root: Path, only_run: Callable[[], Record]) -> None:
    module.stumble_at = 3
    with pytest.raises(RuntimeError, match="stumbled"):
        _trainer(root, _callback(project="vision")).fit(module, _data())
    assert only_run().status["status"] == "failed"
    assert only_run().status["exit_reason"] == "RuntimeError: stumbled"
    assert [step for step, _ in only_run().curve("train/loss")] == [2]


def test_control_c_ends_the_run_as_interrupted(
    module: Any, root: Path, only_run: Callable[[], Record]
) -> None:
    module.stumble_at, type(module).error = 3, KeyboardInterrupt
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        _trainer(root, _callback(project="vision")).fit(module, _data())
    assert only_run().status["status"] == "interrupted"


def test_a_run_that_is_given_stays_open(module: Any, root: Path) -> None:
    with rn.init("mine") as run:
        _trainer(root, _callback(run)).fit(module, _data())
        assert run.is_open()
    assert len(records(root)) == 1
    assert records(root)[0].curve("train/loss")


def test_two_trainings_are_two_runs(module: Any, root: Path) -> None:
    trainer = _trainer(root, _callback(project="vision"))
    trainer.fit(module, _data())
    _trainer(root, trainer.callbacks[0]).fit(module, _data())
    assert [len(run.curve("train/loss")) for run in records(root)] == [6, 6]
