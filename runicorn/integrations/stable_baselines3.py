"""A callback for Stable-Baselines3: `model.learn(…, callback=RunicornCallback(project="control"))`."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Image, KVWriter

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run

COUNTERS = ("num_timesteps", "start_time")


class RunicornCallback(BaseCallback):
    """Log what the library logs (`rollout/ep_rew_mean`, `train/loss`, `time/fps`, …); the step is the number of time steps.

    The algorithm's settings are in the config. What `self.logger.record` of your own callbacks gets is logged, too,
    unless it excludes the format "runicorn".
    """

    def __init__(self, run: Run | None = None, verbose: int = 0, **options: Any) -> None:
        """Log to `run`, else the active run, else a run created by `runicorn.init(**options)` for the training.

        Raises:
            TypeError: both a run and options were given.
        """
        super().__init__(verbose)
        self._tracking = Tracking(run, options)
        self._writer = _Writer(self._tracking)

    def _on_training_start(self) -> None:
        settings = {
            key: value
            for key, value in vars(self.model).items()
            if isinstance(value, (int, float, str)) and not key.startswith("_") and key not in COUNTERS
        }
        total = self.model._total_timesteps
        self._tracking.begin({"algo": type(self.model).__name__, **settings, "total_steps": total})
        # `learn` sets up the logger for each training, before this call.
        self.logger.output_formats.append(self._writer)

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        self._detach()
        self._tracking.end()

    def _detach(self) -> None:
        if self._writer in self.logger.output_formats:
            self.logger.output_formats.remove(self._writer)


class _Writer(KVWriter):
    """Output format of the library's logger."""

    def __init__(self, tracking: Tracking) -> None:
        self._tracking = tracking

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        metrics = {}
        for key, value in key_values.items():
            if "runicorn" in (key_excluded.get(key) or ()):
                continue
            if isinstance(value, Image):
                self._tracking.run.log_image(key, value.image, step=step)
            elif isinstance(value, str):
                self._tracking.run.log_text(f"{key}: {value}")
            elif hasattr(value, "__float__") and getattr(value, "size", 1) == 1:
                metrics[key] = float(value)
        self._tracking.log(metrics, step)

    def close(self) -> None:
        """Keep the run: `_on_training_end` ends it."""
