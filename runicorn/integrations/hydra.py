"""A callback for Hydra, in the config: `hydra.callbacks.runicorn._target_: runicorn.integrations.hydra.RunicornCallback`."""

from __future__ import annotations

from typing import Any

from hydra.core.utils import JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from runicorn.integrations.tracking import Tracking


class RunicornCallback(Callback):
    """Make every job a run, active while it runs: `runicorn.log` and `runicorn.get_active_run` are enough in its code.

    The composed config is the run's config, together with `hydra.job`, `hydra.overrides` and `hydra.output_dir`. The jobs of
    a multirun are runs of one group, the name of its sweep folder. An exception ends the run as failed.
    """

    def __init__(self, **options: Any) -> None:
        """Create runs by `runicorn.init(**options)`; the name is by default that of the job."""
        self._options = options
        self._tracking: Tracking | None = None

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        hydra = config.hydra
        options: dict[str, Any] = {"name": str(hydra.job.name), **self._options}
        if str(hydra.mode).endswith("MULTIRUN"):
            options.setdefault("group", str(hydra.sweep.dir).replace("/", "-"))
        task = OmegaConf.to_container(
            OmegaConf.masked_copy(config, [key for key in config if key != "hydra"]), resolve=True
        )
        about = {
            "job": str(hydra.job.get("num", 0)) if options.get("group") else str(hydra.job.name),
            "overrides": " ".join(hydra.overrides.task),
            "output_dir": str(hydra.runtime.output_dir),
        }
        self._tracking = Tracking(None, options)
        self._tracking.begin({**(task if isinstance(task, dict) else {}), "hydra": about})

    def on_job_end(self, config: DictConfig, job_return: Any, **kwargs: Any) -> None:
        """End the run; a number that the job returns is `result` in its summary."""
        if self._tracking is None:
            return
        value = job_return._return_value
        if job_return.status == JobStatus.FAILED and isinstance(value, BaseException):
            self._tracking.break_off(value)
        else:
            if isinstance(value, (int, float)):
                self._tracking.summary({"result": value})
            self._tracking.end()
        self._tracking = None
