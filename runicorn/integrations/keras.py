"""A callback for Keras 3: `model.fit(…, callbacks=[RunicornCallback(project="vision")])`."""

from __future__ import annotations

from typing import Any

from keras.callbacks import Callback

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


class RunicornCallback(Callback):
    """Log the metrics of every epoch as `train/…` and `val/…`, and those of `model.evaluate` as `test/…`.

    The step is the epoch, counted from 1; with `every` it is the number of batches so far.
    """

    def __init__(self, run: Run | None = None, every: int = 0, **options: Any) -> None:
        """Log to `run`, else the active run, else a run created by `runicorn.init(**options)` for the training.

        Args:
            run: an open run, which the caller ends.
            every: also log after this many batches; 0 disables it.
            options: arguments of `runicorn.init`.

        Raises:
            TypeError: both a run and options were given.
        """
        super().__init__()
        self._tracking = Tracking(run, options)
        self._every = every
        self.async_safe = (
            not every
        )  # then nothing is done after a batch, and the library need not wait for it
        self._batches = 0
        self._step = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin the run, with the optimizer's settings and the number of epochs in the config."""
        self._batches = self._step = 0
        epochs, batches = self.params.get("epochs"), self.params.get("steps")
        settings: dict[str, Any] = {"epochs": epochs}
        if self._every and epochs and batches:
            settings["total_steps"] = epochs * batches
        if self.model.optimizer is not None:
            settings["optimizer"] = self.model.optimizer.get_config()
        self._tracking.begin(settings)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Log the means of the epoch so far, if enabled."""
        self._batches += 1
        if self._every and self._batches % self._every == 0:
            self._step = self._batches
            self._tracking.log(_metric_names(logs), self._step)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._step = self._batches if self._every else epoch + 1
        rate = getattr(self.model.optimizer, "learning_rate", None)
        more = {} if rate is None else {"train/learning_rate": float(rate)}
        self._tracking.log({**_metric_names(logs), **more, "epoch": epoch + 1}, self._step)

    def on_train_end(self, logs: Any = None) -> None:
        self._tracking.end()

    def on_test_end(self, logs: Any = None) -> None:
        """Log an evaluation outside of a training to the run of the training before."""
        if not self._tracking.training:
            self._tracking.begin_again()
            self._tracking.log({f"test/{name}": value for name, value in (logs or {}).items()}, self._step)
            self._tracking.end()


def _metric_names(logs: Any) -> dict[str, Any]:
    """Return `val_loss` and `loss` as `val/loss` and `train/loss`."""
    return {
        f"val/{name[4:]}" if name.startswith("val_") else f"train/{name}": value
        for name, value in (logs or {}).items()
    }
