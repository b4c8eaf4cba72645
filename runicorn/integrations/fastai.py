"""A callback for fastai: `learn.fit(…, cbs=RunicornCallback(project="vision"))`."""

from __future__ import annotations

from typing import Any

from fastai.callback.core import Callback
from fastai.learner import Recorder

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


class RunicornCallback(Callback):
    """Log `train_loss` (smoothed), `raw_loss`, the optimizer's settings (`lr_0`, …) and, after every epoch, the metrics.

    The step is the number of batches so far. Settings of the learner are in the config. Only the first process of a
    distributed training writes.
    """

    order = Recorder.order + 1

    def __init__(self, run: Run | None = None, every: int = 1, **options: Any) -> None:
        """Log to `run`, else the active run, else a run created by `runicorn.init(**options)` for the training.

        Args:
            run: an open run, which the caller ends.
            every: number of batches between two logs; epochs are always logged.
            options: arguments of `runicorn.init`.

        Raises:
            TypeError: both a run and options were given.
        """
        super().__init__()
        self._tracking = Tracking(run, options)
        self._every = every
        self._step = 0

    def before_fit(self) -> None:
        """Leave out searches for a learning rate, predictions, and other processes."""
        from fastai.distributed import rank_distrib

        is_training = not hasattr(self.learn, "lr_finder") and not hasattr(self, "gather_preds")
        self.run = is_training and rank_distrib() == 0
        self._step = 0

    def before_train(self) -> None:
        """Begin the run before the first epoch; `learner.validate` has none."""
        if self._step:
            return
        settings: dict[str, Any] = {"epochs": self.learn.n_epoch, "wd": self.learn.wd, "lr": self.learn.lr}
        settings["batch_size"] = getattr(self.learn.dls, "bs", None)
        settings["architecture"] = type(self.learn.model).__name__
        settings["loss_func"] = getattr(self.learn.loss_func, "__name__", type(self.learn.loss_func).__name__)
        self._tracking.begin({key: value for key, value in settings.items() if value is not None})

    def after_batch(self) -> None:
        if not self.training:
            return
        self._step += 1
        if self._step % self._every:
            return
        hypers = {
            f"{name}_{group}": float(value)
            for group, values in enumerate(self.opt.hypers)
            for name, value in values.items()
            if isinstance(value, (int, float))
        }
        losses = {"train_loss": float(self.smooth_loss), "raw_loss": float(self.loss)}
        self._tracking.log(
            {"epoch": self.epoch + (self.iter + 1) / self.n_iter, **losses, **hypers}, self._step
        )

    def after_epoch(self) -> None:
        if not self._step:
            return
        values = dict(zip(self.recorder.metric_names, self.recorder.log))
        left_out = ("train_loss", "epoch", "time")
        metrics = {
            name: float(value) for name, value in values.items() if name not in left_out and value is not None
        }
        self._tracking.log({"epoch": self.epoch + 1, **metrics}, self._step)

    def after_fit(self) -> None:
        if self._step:
            self._tracking.end()
        self.run = True
