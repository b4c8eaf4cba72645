"""Callbacks for Ultralytics: `track(model, project="vision")` before `model.train(…)`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


def track(model: Any, run: Run | None = None, **options: Any) -> None:
    """Log every training of a model: losses as `train/…`, rates as `lr/…`, and the metrics of validations.

    The step is the epoch, counted from 1; names are those of the library (`train/box_loss`, `metrics/mAP50(B)`). All
    arguments are in the config. At the end plots become images, the best weights an artifact, and their validation
    `best/…` in the summary. In distributed training only the first process writes.

    Args:
        model: a `YOLO` or another model of Ultralytics.
        run: the run; else the active run, else one that `runicorn.init(**options)` creates for each training.
        options: arguments of `runicorn.init`.

    Raises:
        TypeError: both a run and options were given.
    """
    callbacks = _Callbacks(Tracking(run, options))
    for event in (
        "on_pretrain_routine_end",
        "on_train_epoch_end",
        "on_fit_epoch_end",
        "on_train_end",
        "teardown",
    ):
        model.add_callback(event, getattr(callbacks, event))


class _Callbacks:
    """The callbacks, by the names of their events."""

    def __init__(self, tracking: Tracking) -> None:
        self._tracking = tracking
        self._validated = 0

    def on_pretrain_routine_end(self, trainer: Any) -> None:
        arguments = {key: value for key, value in vars(trainer.args).items() if value is not None}
        self._validated = 0
        self._tracking.begin({"epochs": trainer.epochs, **arguments})

    def on_train_epoch_end(self, trainer: Any) -> None:
        losses = trainer.label_loss_items(trainer.tloss, prefix="train")
        self._log({**losses, **trainer.lr}, trainer)

    def on_fit_epoch_end(self, trainer: Any) -> None:
        epoch = trainer.epoch + 1
        if self._validated < epoch <= trainer.epochs:
            self._validated = epoch
            self._log({**trainer.metrics, "epoch": epoch}, trainer)
        else:  # the validation of the best weights after the last epoch
            self._tracking.summary({f"best/{name}": float(value) for name, value in trainer.metrics.items()})

    def on_train_end(self, trainer: Any) -> None:
        run = self._tracking.run
        for path in {*trainer.plots, *trainer.validator.plots}:
            if Path(path).suffix in (".png", ".jpg") and Path(path).is_file():
                run.log_image(Path(path).stem, Path(path))
        if trainer.args.save and trainer.best.exists():
            from runicorn.artifacts import Artifact

            artifact = Artifact(f"run_{run.id}_model", type="model")
            artifact.add_file(trainer.best)
            run.log_artifact(artifact)
        self._tracking.end()

    def teardown(self, trainer: Any) -> None:
        if self._tracking.training:  # no end of a training came before
            self._tracking.end("failed")

    def _log(self, metrics: dict[str, Any], trainer: Any) -> None:
        self._tracking.log({name: float(value) for name, value in metrics.items()}, trainer.epoch + 1)
