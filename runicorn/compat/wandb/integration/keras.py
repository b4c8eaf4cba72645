"""`wandb.integration.keras`, `wandb.keras`: the callbacks for Keras."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from runicorn.compat.empty_modules import names_of
from runicorn.compat.guard import guarded
from runicorn.compat.unknown import warn_once
from runicorn.compat.wandb.active import require_run
from runicorn.compat.wandb.artifact import Artifact
from runicorn.compat.wandb.data_types import Histogram
from runicorn.compat.wandb.table import Table

# The Keras of TensorFlow may be another one: TF_USE_LEGACY_KERAS.
callbacks: Any = import_module(
    "tensorflow.keras.callbacks" if find_spec("tensorflow") is not None else "keras.callbacks"
)


def _learning_rate(model: Any, step: int) -> dict[str, float]:
    rate = getattr(getattr(model, "optimizer", None), "learning_rate", None)
    with guarded("the learning rate"):
        return {} if rate is None else {"learning_rate": float(rate(step) if callable(rate) else rate)}
    return {}


class WandbMetricsLogger(callbacks.Callback):
    """Log metrics as `epoch/loss` or `batch/loss`, with the learning rate.

    Args:
        log_freq: "epoch", "batch", or a number of batches.
        initial_global_step: step of the learning rate schedule of a resumed training.

    Raises:
        Error: no run was begun.
    """

    def __init__(
        self, log_freq: str | int = "epoch", initial_global_step: int = 0, *arguments: Any, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        run = require_run("WandbMetricsLogger()")
        self.logging_batch_wise = log_freq != "epoch"
        self.log_freq = 1 if log_freq == "batch" else log_freq if self.logging_batch_wise else None
        self.global_batch, self.global_step = 0, initial_global_step
        step_metric = "batch/batch_step" if self.logging_batch_wise else "epoch/epoch"
        run.define_metric(step_metric)
        run.define_metric(f"{step_metric.partition('/')[0]}/*", step_metric=step_metric)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.global_step += 1
        if self.log_freq is not None and batch % int(self.log_freq) == 0:
            self._log("batch", {**(logs or {}), "batch_step": self.global_batch})
            self.global_batch += int(self.log_freq)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._log("epoch", {**(logs or {}), "epoch": epoch})

    def _log(self, prefix: str, values: dict[str, Any]) -> None:
        values |= _learning_rate(self.model, self.global_step)
        require_run("WandbMetricsLogger").log({f"{prefix}/{name}": value for name, value in values.items()})


class WandbModelCheckpoint(callbacks.ModelCheckpoint):
    """Keras' `ModelCheckpoint`, whose files become versions of an artifact.

    Raises:
        Error: no run was begun.
    """

    def __init__(self, filepath: Any, *arguments: Any, **options: Any) -> None:
        require_run("WandbModelCheckpoint()")
        super().__init__(os.fspath(filepath), *arguments, **options)
        self._checkpoint, self._stored = "", (0, 0)

    def _get_file_path(self, *arguments: Any, **options: Any) -> Any:
        self._checkpoint = super()._get_file_path(*arguments, **options)
        return self._checkpoint

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_train_batch_end(batch, logs)
        if self.save_freq != "epoch":
            self._store(f"epoch_{self._current_epoch}_batch_{batch}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, logs)
        self._store(f"epoch_{epoch}")

    def _store(self, alias: str) -> None:
        """Store the checkpoint if it was written since the last call: with `save_best_only` most are not."""
        path = Path(self._checkpoint)
        if not self._checkpoint or not path.exists():
            return
        stat = path.stat()
        if (stat.st_mtime_ns, stat.st_size) == self._stored:
            return
        self._stored = stat.st_mtime_ns, stat.st_size
        run = require_run("WandbModelCheckpoint")
        with guarded("a checkpoint"):
            artifact = Artifact(f"run_{run.id}_model", "model")
            (artifact.add_dir if path.is_dir() else artifact.add_file)(str(path))
            run.log_artifact(artifact, aliases=["latest", alias])


class WandbEvalCallback(callbacks.Callback, ABC):
    """Base class of callbacks that log tables of predictions.

    Raises:
        Error: no run was begun.
    """

    def __init__(
        self,
        data_table_columns: list[str],
        pred_table_columns: list[str],
        *arguments: Any,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        require_run("WandbEvalCallback()")
        self.data_table_columns, self.pred_table_columns = data_table_columns, pred_table_columns

    def on_train_begin(self, logs: Any = None) -> None:
        self.init_data_table(self.data_table_columns)
        self.add_ground_truth(logs)
        self.log_data_table()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.init_pred_table(self.pred_table_columns)
        self.add_model_predictions(epoch, logs)
        self.log_pred_table()

    @abstractmethod
    def add_ground_truth(self, logs: Any = None) -> None:
        """Add rows to `data_table`, at the begin of the training."""

    @abstractmethod
    def add_model_predictions(self, epoch: int, logs: Any = None) -> None:
        """Add rows to `pred_table`, after each epoch."""

    def init_data_table(self, column_names: list[str]) -> None:
        self.data_table = Table(columns=column_names, allow_mixed_types=True)

    def init_pred_table(self, column_names: list[str]) -> None:
        self.pred_table = Table(columns=column_names)

    def log_data_table(self, name: str = "val", type: str = "dataset", table_name: str = "val_data") -> None:
        """Store `data_table` as an artifact; `data_table_ref` has its rows from now on."""
        with guarded("the table of a callback"):
            artifact = Artifact(name, type)
            artifact.add(self.data_table, table_name)
            require_run("WandbEvalCallback").use_artifact(artifact)
        self.data_table_ref = self.data_table

    def log_pred_table(
        self, type: str = "evaluation", table_name: str = "eval_data", aliases: list[str] | None = None
    ) -> None:
        """Store `pred_table` as a version of an artifact, and as a table of the run."""
        run = require_run("WandbEvalCallback")
        with guarded("the table of a callback"):
            artifact = Artifact(f"run_{run.id}_pred", type)
            artifact.add(self.pred_table, table_name)
            run.log_artifact(artifact, aliases=aliases or ["latest"])
            run.log({table_name: self.pred_table}, commit=False)


class WandbCallback(callbacks.Callback):
    """The callback of older versions of W&B: metrics of each epoch, and the best model.

    Args:
        monitor, mode: metric that decides which model is the best, and its direction: "auto", "min" or "max".
        verbose: not used.
        save_weights_only, save_model: what is stored of the best model.
        log_weights: whether histograms of the weights are logged after each epoch.
        log_batch_frequency: also log after this many batches.
        log_best_prefix: prefix of the best value in the summary; None to leave it out.
        options: not used, reported once.

    Raises:
        Error: no run was begun.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        verbose: int = 0,
        mode: str = "auto",
        save_weights_only: bool = False,
        log_weights: bool = False,
        log_gradients: bool = False,
        save_model: bool = True,
        log_batch_frequency: int | None = None,
        log_best_prefix: str | None = "best_",
        **options: Any,
    ) -> None:
        super().__init__()
        require_run("WandbCallback()")
        ignored = [name for name, value in options.items() if value and name not in ("labels", "save_graph")]
        if ignored or log_gradients:
            names = ", ".join(sorted([*ignored, *(["log_gradients"] if log_gradients else [])]))
            warn_once("wandb.keras", f"wandb.keras.WandbCallback: {names} is not supported and does nothing.")
        self.monitor, self.log_weights, self.save_model = monitor, log_weights, save_model
        self.save_weights_only, self.log_batch_frequency = save_weights_only, log_batch_frequency
        self.log_best_prefix = log_best_prefix
        is_max = mode == "max" or (mode == "auto" and ("acc" in monitor or monitor.startswith("fmeasure")))
        self._sign = -1 if is_max else 1
        self.best: float | None = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.log_batch_frequency and batch % self.log_batch_frequency == 0:
            require_run("WandbCallback").log(dict(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        run, values = require_run("WandbCallback"), dict(logs or {})
        if self.log_weights:
            values |= {
                f"parameters/{weight.path}": Histogram(weight.numpy()) for weight in self.model.weights
            }
        run.log({"epoch": epoch, **values, **_learning_rate(self.model, epoch)})
        current = values.get(self.monitor)
        if current is None or (self.best is not None and self._sign * (current - self.best) >= 0):
            return
        self.best = float(current)
        if self.log_best_prefix is not None:
            best = {f"{self.log_best_prefix}{self.monitor}": self.best}
            run.summary.update({**best, f"{self.log_best_prefix}epoch": epoch})
        if self.save_model:
            self._save(run)

    def _save(self, run: Any) -> None:
        with guarded("the best model"):
            if self.save_weights_only:
                self.model.save_weights(os.path.join(run.dir, "model-best.weights.h5"))
            else:
                self.model.save(os.path.join(run.dir, "model-best.keras"))


__getattr__ = names_of("wandb.integration.keras", "runicorn.compat.wandb")
