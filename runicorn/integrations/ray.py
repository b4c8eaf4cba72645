"""A logger for Ray Tune: `RunConfig(callbacks=[RunicornLoggerCallback(project="search")])`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from ray.tune.logger import LoggerCallback
from ray.tune.utils import flatten_dict

from runicorn.integrations.tracking import Tracking

LEFT_OUT = frozenset(
    {
        "config",
        "pid",
        "hostname",
        "node_ip",
        "trial_id",
        "experiment_id",
        "experiment_tag",
        "date",
        "timestamp",
    }
    | {"done", "should_checkpoint", "training_iteration", "checkpoint_dir_name"}
)
"""Entries of results that are no metrics; the iteration is the step."""


class RunicornLoggerCallback(LoggerCallback):
    """Log every trial as a run whose group is the experiment; the step is the training iteration.

    The runs are written by the process of the tuner, on its machine, under the names that trials report; nested results
    get names like `eval/loss`. A trial that a scheduler stops ends as finished.
    """

    def __init__(self, excludes: tuple[str, ...] = (), **options: Any) -> None:
        """Create runs by `runicorn.init(**options)`.

        Args:
            excludes: more entries of results to leave out.
            options: arguments of `runicorn.init`; the name is by default the trainable's, the group the experiment's.
        """
        self._left_out = LEFT_OUT | set(excludes)
        # The system metrics would be those of the tuner's process.
        self._options = {"system_metrics": False, **options}
        self._trials: dict[str, Tracking] = {}

    def log_trial_start(self, trial: Any) -> None:
        """Begin the run of a trial, or continue it after a restart."""
        if trial.trial_id in self._trials:
            return
        place = {"name": trial.trainable_name, "group": trial.experiment_dir_name, **self._options}
        tracking = self._trials[trial.trial_id] = Tracking(None, place)
        tracking.begin({"trial_id": trial.trial_id, **trial.config})

    def log_trial_result(self, iteration: int, trial: Any, result: dict[str, Any]) -> None:
        if trial.trial_id not in self._trials:
            self.log_trial_start(trial)
        values = flatten_dict({key: value for key, value in result.items() if key not in self._left_out})
        metrics = {key: value for key, value in values.items() if isinstance(value, (int, float))}
        self._trials[trial.trial_id].log(metrics, result.get("training_iteration", iteration))

    def log_trial_end(self, trial: Any, failed: bool = False) -> None:
        tracking = self._trials.pop(trial.trial_id, None)
        if tracking is not None:
            tracking.end("failed" if failed else "finished", _reason(trial) if failed else None)


def _reason(trial: Any) -> str | None:
    """Return the last line of the traceback that Tune writes for a failed trial."""
    if not trial.error_file:
        return None
    with suppress(OSError):
        text = Path(trial.error_file).read_text(encoding="utf-8", errors="replace")
        return next((line for line in reversed(text.splitlines()) if line.strip()), None)
    return None
