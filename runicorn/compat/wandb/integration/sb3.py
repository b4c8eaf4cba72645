"""`wandb.integration.sb3`: the callback for Stable-Baselines3.

Metrics come from its TensorBoard logger: `wandb.init(sync_tensorboard=True)`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from runicorn.compat.guard import guarded
from runicorn.compat.wandb.active import require_run


class WandbCallback(BaseCallback):
    """Add the algorithm's settings to the config, and save the model.

    Args:
        verbose: not used.
        model_save_path: folder for `model.zip`; None to save no model.
        model_save_freq: number of calls between two saves; 0 saves it at the end only.
        gradient_save_freq: number of steps between two histograms of gradients; 0 for none.
        log: "gradients", "parameters", "all" or None.
    """

    def __init__(
        self,
        verbose: int = 0,
        model_save_path: str | None = None,
        model_save_freq: int = 0,
        gradient_save_freq: int = 0,
        log: str | None = "all",
    ) -> None:
        super().__init__(verbose)
        self._tracked = require_run("WandbCallback()")
        self.model_save_path, self.model_save_freq = model_save_path, model_save_freq
        self.gradient_save_freq, self.log = gradient_save_freq, log

    def _init_callback(self) -> None:
        settings: dict[str, Any] = {"algo": type(self.model).__name__}
        for key, value in vars(self.model).items():
            settings[key] = value if type(value) in (float, int, str) else str(value)
        with guarded("the settings of a model"):
            self._tracked.config.setdefaults(settings)
        if self.gradient_save_freq > 0:
            self._tracked.watch(self.model.policy, log=self.log, log_freq=self.gradient_save_freq)

    def _on_step(self) -> bool:
        if self.model_save_freq > 0 and self.n_calls % self.model_save_freq == 0:
            self.save_model()
        return True

    def _on_training_end(self) -> None:
        self.save_model()

    def save_model(self) -> None:
        if self.model_save_path is not None:
            path = Path(self.model_save_path, "model.zip")
            path.parent.mkdir(parents=True, exist_ok=True)
            self.model.save(path)
            self._tracked.save(str(path), base_path=self.model_save_path)
