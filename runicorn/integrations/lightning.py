"""A callback for Lightning: `Trainer(…, callbacks=[RunicornCallback(project="vision")])`."""

from __future__ import annotations

from typing import Any

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ModuleNotFoundError:  # the same library under its older name
    from pytorch_lightning import Callback, LightningModule, Trainer

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


class RunicornCallback(Callback):
    """Log what modules log with `self.log`, under the same names, and the epoch; the step is `trainer.global_step`.

    Logs as often as the Trainer does (`log_every_n_steps`), and after every epoch and evaluation. Only the first process
    of a distributed training writes. An exception in the training ends the callback's own run as failed.
    """

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        """Log to `run`, else the active run, else a run created by `runicorn.init(**options)` for the training.

        Raises:
            TypeError: both a run and options were given.
        """
        super().__init__()
        self._tracking = Tracking(run, options)
        self._seen: dict[str, Any] = {}
        self._step = self._epoch = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Begin the run, with the hyperparameters of the module and the data module in the config."""
        if not trainer.is_global_zero or stage == "predict":
            return
        self._seen = {}
        if stage == "fit":
            self._step = self._epoch = 0
            data = getattr(trainer.datamodule, "hparams", None) or {}
            self._tracking.begin({**data, **pl_module.hparams, **_extent(trainer)})
        else:
            self._tracking.begin_again()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *batch: Any) -> None:
        """Log every `log_every_n_steps` batches."""
        self._epoch = trainer.current_epoch
        every = trainer.log_every_n_steps
        if every and trainer.global_step // every != self._step // every:
            self._log(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the epoch's metrics."""
        self._log(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the evaluation's metrics, except those of the check before the first epoch."""
        if not trainer.sanity_checking:
            self._log(trainer)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the test's metrics."""
        self._log(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """End the run with the exception that stopped the training."""
        self._tracking.break_off(exception)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if trainer.is_global_zero and stage != "predict":
            self._log(trainer)
            self._tracking.end()

    def _log(self, trainer: Trainer) -> None:
        """Log new values: the Trainer keeps the latest of everything, and each logged value is a new object.

        Logged objects are kept, so that their ids are not reused.
        """
        latest = dict(trainer.logged_metrics)
        new = {
            name: value for name, value in latest.items() if _address(value) != _address(self._seen.get(name))
        }
        self._seen = latest
        self._step = trainer.global_step or self._step
        if new:
            self._tracking.log({**new, "epoch": self._epoch}, self._step)


def _address(tensor: Any) -> int | None:
    return None if tensor is None else int(tensor.data_ptr())


def _extent(trainer: Trainer) -> dict[str, Any]:
    """Return the planned length of the training, if known."""
    extent = {"epochs": trainer.max_epochs, "total_steps": trainer.max_steps}
    return {key: value for key, value in extent.items() if value is not None and value > 0}
