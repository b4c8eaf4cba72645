"""A logger for Lightning: `Trainer(…, logger=RunicornLogger(project="vision"))`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

try:
    from lightning.pytorch.loggers import Logger
    from lightning.pytorch.loggers.logger import rank_zero_experiment
    from lightning.pytorch.utilities import rank_zero_only
except ModuleNotFoundError:  # the same library under its older name
    from pytorch_lightning.loggers import Logger
    from pytorch_lightning.loggers.logger import rank_zero_experiment
    from pytorch_lightning.utilities import rank_zero_only

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


class RunicornLogger(Logger):
    """Log what modules log with `self.log`, under the same names, and the epoch; the step is that of the Trainer.

    Unlike the callback it is also `self.logger` of modules, whose `experiment` is the run. Several calls of the Trainer
    (`fit`, `test`) write to one run. Only the first process of a distributed training writes.
    """

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        """Log to `run`, else the active run, else a run created by `runicorn.init(**options)` on first use.

        Raises:
            TypeError: both a run and options were given.
        """
        super().__init__()
        self._tracking = Tracking(run, options)

    @property
    @rank_zero_experiment
    def experiment(self) -> Run:
        return self._tracking.run

    @property
    def name(self) -> str:
        """Project of the run; checkpoints are saved below it."""
        return str(self.experiment.project)

    @property
    def version(self) -> str:
        return str(self.experiment.id)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Add hyperparameters to the config."""
        settings = vars(params) if isinstance(params, Namespace) else params
        self._tracking.run  # noqa: B018  (begins it)
        self._tracking.configure(settings)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self._tracking.run.log(metrics, step=step)

    @rank_zero_only
    def log_image(self, key: str, images: list[Any], step: int | None = None) -> None:
        """Log images: paths, arrays or PIL images; several get a number."""
        for number, image in enumerate(images):
            self._tracking.run.log_image(key if len(images) == 1 else f"{key}/{number}", image, step=step)

    @rank_zero_only
    def log_table(
        self, key: str, columns: list[str] | None = None, data: Any = None, step: int | None = None
    ) -> None:
        self._tracking.run.log_table(key, data, columns, step=step)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """End the run if it is the logger's own; a later `test` continues it."""
        error = sys.exc_info()[1]
        if status == "success":
            self._tracking.end()
        elif error is not None:
            self._tracking.break_off(error)
        else:
            self._tracking.end("failed")
