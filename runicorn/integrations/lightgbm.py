"""A callback for LightGBM: `lightgbm.train(…, callbacks=[RunicornCallback(project="trees")])`."""

from __future__ import annotations

from typing import Any

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


class RunicornCallback:
    """Log evaluations after every round as `<data>_<metric>`; for a cross-validation `…-mean` and `…-stdv`.

    The parameters are in the config. The run ends with the last round. LightGBM does not tell callbacks that it stopped
    early: call `finish(booster)`, or the run ends with the program or the next training.
    """

    order = 20
    """Before early stopping (30), which leaves out the callbacks after it."""
    before_iteration = False

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        """Log to `run`, else the active run, else a run created by `runicorn.init(**options)` for the training.

        Raises:
            TypeError: both a run and options were given.
        """
        self._tracking = Tracking(run, options)

    def __call__(self, env: Any) -> None:
        """Log a round; rounds count from 1."""
        if env.iteration == env.begin_iteration:
            rounds = env.end_iteration - env.begin_iteration
            self._tracking.begin({**(env.params or {}), "epochs": rounds})
        metrics: dict[str, float] = {}
        for data, metric, score, _, *deviation in env.evaluation_result_list or ():
            if deviation:
                # The data set is `cv_agg` before LightGBM 4.6, with its name in front of the metric.
                name = metric.replace(" ", "_") if " " in metric else f"{data}_{metric}"
                metrics |= {f"{name}-mean": score, f"{name}-stdv": deviation[0]}
            else:
                metrics[f"{data}_{metric}"] = score
        self._tracking.log(metrics, step=env.iteration + 1)
        if env.iteration + 1 == env.end_iteration:
            self._tracking.end()

    def finish(self, booster: Any) -> None:
        """Save the best round, its scores and the feature importance, and end the run.

        Args:
            booster: the trained `lightgbm.Booster`, or an estimator with a `booster_`.
        """
        booster = getattr(booster, "booster_", booster)
        summary: dict[str, Any] = {"best_iteration": booster.best_iteration}
        for data, scores in booster.best_score.items():
            summary |= {f"best_{data}_{metric}": score for metric, score in scores.items()}
        run = self._tracking.run
        run.summary(summary)
        importance = zip(booster.feature_name(), booster.feature_importance().tolist())
        run.log_table("feature_importance", [list(row) for row in importance], ["feature", "importance"])
        self._tracking.end()
