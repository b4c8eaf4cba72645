"""A callback for Optuna: `study.optimize(objective, callbacks=[RunicornCallback(project="search")])`."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

from optuna.exceptions import TrialPruned
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from runicorn.integrations.tracking import Tracking


class RunicornCallback:
    """Log every trial as a run whose group is the study, whatever its storage.

    The config has the parameters, the curve `intermediate_value` what `trial.report` got, and `value` (`value_0`,
    `value_1`, … of several objectives) is the result. A pruned trial is `interrupted`, with the step as its reason; a failed one
    is `failed`. Each process logs the trials that it runs itself.
    """

    def __init__(self, metric_name: str | Sequence[str] = "value", **options: Any) -> None:
        """Create runs by `runicorn.init(**options)`.

        Args:
            metric_name: name of the result, or one name for each objective.
            options: arguments of `runicorn.init`; the name is by default `trial-<number>`, the group the study's name.
        """
        self._metric_name = metric_name
        self._options = options
        self._open: dict[int, Tracking] = {}

    def track(self, objective: Callable[[Trial], Any]) -> Callable[[Trial], Any]:
        """Return the objective with an active run for each trial, for `runicorn.log` inside it."""

        @functools.wraps(objective)
        def tracked(trial: Trial) -> Any:
            self._begin(trial.study, trial.number)
            try:
                return objective(trial)
            finally:
                error = sys.exc_info()[1]
                if error is not None and not isinstance(error, TrialPruned):
                    self._open[trial.number].break_off(error)

        return tracked

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Complete the run of a trial that has ended."""
        tracking = self._open.pop(trial.number, None) or self._begin(study, trial.number, is_tracked=False)
        if not tracking.training:  # an exception has ended it
            return
        directions = [direction.name.lower() for direction in study.directions]
        tracking.configure({**trial.params, "trial": trial.number, "direction": ",".join(directions)})
        tracking.summary(dict(trial.user_attrs))
        last = 0
        for step, value in trial.intermediate_values.items():
            tracking.log({"intermediate_value": value}, step)
            last = max(last, step)
        if trial.values:
            results = dict(zip(self._names(len(trial.values)), trial.values))
            tracking.log(results, last)
            if len(directions) == 1:
                tracking.run.set_primary_metric(next(iter(results)), directions[0][:3])
        if trial.state == TrialState.PRUNED:
            tracking.end("interrupted", f"pruned at step {last}")
        else:
            tracking.end("finished" if trial.state == TrialState.COMPLETE else "failed")

    def _begin(self, study: Study, number: int, is_tracked: bool = True) -> Tracking:
        place = {"name": f"trial-{number}", "group": study.study_name, **self._options}
        tracking = Tracking(None, place)
        tracking.begin({})
        if is_tracked:
            self._open[number] = tracking
        return tracking

    def _names(self, count: int) -> list[str]:
        if not isinstance(self._metric_name, str):
            return list(self._metric_name)
        return [self._metric_name] if count == 1 else [f"{self._metric_name}_{i}" for i in range(count)]
