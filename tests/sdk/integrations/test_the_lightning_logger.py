"""Real trainings with Lightning, and what the logger has written of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.records import Record, records
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("lightning", "torch"), pytest.mark.torture]


@pytest.fixture
def module() -> Any:
    """A line that keeps its losses, uses its logger, and fails at `stumble_at`."""
    import lightning
    import torch

    class Line(lightning.LightningModule):
        stumble_at: int | None = None

        def __init__(self, lr: float = 0.25) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(1, 1)
            self.losses: list[float] = []

        def _loss(self, batch: Any) -> Any:
            x, y = batch
            return ((self.layer(x) - y) ** 2).mean()

        def training_step(self, batch: Any, index: int) -> Any:
            if self.global_step == self.stumble_at:
                raise RuntimeError("stumbled")
            loss = self._loss(batch)
            self.losses.append(float(loss))
            self.log("train/loss", loss)
            return loss

        def on_train_end(self) -> None:
            self.logger.experiment.log_text("trained")
            self.logger.log_table("weights", ["name"], [["weight"], ["bias"]])

        def test_step(self, batch: Any, index: int) -> None:
            self.log("test/loss", self._loss(batch))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

    return Line()


@pytest.fixture
def data() -> Any:
    import torch

    x = torch.linspace(0, 1, 24).reshape(-1, 1)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 2 * x), batch_size=4)


def _trainer(root: Path, **options: Any) -> Any:
    import lightning

    from runicorn.integrations.lightning_logger import RunicornLogger

    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    logger = RunicornLogger(project="vision", name="line")
    return lightning.Trainer(
        max_epochs=2, log_every_n_steps=2, default_root_dir=root.parent, logger=logger, **quiet, **options
    )


def test_a_training_and_its_test_are_one_run(
    module: Any, data: Any, root: Path, only_run: Callable[[], Record]
) -> None:
    trainer = _trainer(root)
    trainer.fit(module, data)
    run = only_run()
    assert run.status["status"] == "finished"
    (tested,) = trainer.test(module, data, verbose=False)
    assert run.curve("train/loss") == [
        (step, pytest.approx(module.losses[step])) for step in (1, 3, 5, 7, 9, 11)
    ]
    assert run.curve("test/loss") == [(12, pytest.approx(tested["test/loss"]))]
    assert run.config == {"lr": 0.25}
    assert (run.status["status"], "trained" in run.log) == ("finished", True)
    assert [table["key"] for table in run.events("table")] == ["weights"]
    assert list((root.parent / "vision" / run.meta["id"] / "checkpoints").glob("*.ckpt"))


def test_an_exception_ends_the_run_as_failed(
    module: Any, data: Any, root: Path, only_run: Callable[[], Record]
) -> None:
    module.stumble_at = 3
    with pytest.raises(RuntimeError, match="stumbled"):
        _trainer(root, enable_checkpointing=False).fit(module, data)
    status = only_run().status
    assert (status["status"], status["exit_reason"]) == ("failed", "RuntimeError: stumbled")


def test_two_loggers_are_two_runs(module: Any, data: Any, root: Path) -> None:
    for _ in range(2):
        _trainer(root, enable_checkpointing=False).fit(module, data)
    assert [len(run.curve("train/loss")) for run in records(root)] == [6, 6]
