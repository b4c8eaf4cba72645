"""A callback for CatBoost: `model.fit(…, callbacks=[callback := RunicornCallback(project="trees")])`."""

from __future__ import annotations

from typing import Any

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


class RunicornCallback:
    """Log evaluations as `<data>-<metric>`, `learn-Logloss` for example, after every round.

    CatBoost passes neither its parameters nor its end to callbacks: call `finish(model)` after `fit`. Without it the run
    ends with the program or the next training.
    """

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        """Log to `run`, else the active run, else a run created by `runicorn.init(**options)` for the training.

        Raises:
            TypeError: both a run and options were given.
        """
        self._tracking = Tracking(run, options)
        self._seen: dict[str, int] = {}
        self._round = 0

    def after_iteration(self, info: Any) -> bool:
        """Log the round; rounds count from 1. Returns True, so the training continues."""
        if not self._tracking.training or info.iteration <= self._round:
            self._tracking.begin({})
            self._seen = {}
        self._round = info.iteration
        metrics = {}
        for data, histories in (info.metrics or {}).items():
            for metric, history in histories.items():
                name = f"{data}-{metric}"
                # With `metric_period` a value is computed only now and then.
                if len(history) > self._seen.get(name, 0):
                    metrics[name] = history[-1]
                    self._seen[name] = len(history)
        self._tracking.log(metrics, step=info.iteration)
        return True

    def finish(self, model: Any) -> None:
        """Save parameters, the best round, its scores and the feature importance, and end the run.

        Args:
            model: the trained model.
        """
        run = self._tracking.run
        self._tracking.configure(model.get_all_params())
        if model.get_best_iteration() is not None:
            run.summary({"best_iteration": model.get_best_iteration() + 1})
        for data, scores in model.get_best_score().items():
            run.summary({f"best_{data}-{metric}": score for metric, score in scores.items()})
        importance = zip(model.feature_names_, model.get_feature_importance().tolist())
        run.log_table("feature_importance", [list(row) for row in importance], ["feature", "importance"])
        self._tracking.end()
