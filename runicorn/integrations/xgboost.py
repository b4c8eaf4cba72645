"""A callback for XGBoost: `xgboost.train(…, callbacks=[RunicornCallback(project="trees")])`."""

from __future__ import annotations

from typing import Any

from xgboost.callback import TrainingCallback

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


class RunicornCallback(TrainingCallback):
    """Log evaluations after every round as `<data>/<metric>`; for a cross-validation the mean, and `…-std`.

    XGBoost does not pass parameters to callbacks: pass them as `config`. With early stopping, the summary has the best
    round and its score.
    """

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        """Log to `run`, else the active run, else a run created by `runicorn.init(**options)` for the training.

        Raises:
            TypeError: both a run and options were given.
        """
        super().__init__()
        self._tracking = Tracking(run, options)

    def before_training(self, model: Any) -> Any:
        self._tracking.begin({})
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Log the round; rounds count from 1. Returns False, so the training continues."""
        metrics: dict[str, float] = {}
        for data, histories in evals_log.items():
            for metric, history in histories.items():
                score = history[-1]
                if isinstance(score, tuple):
                    score, metrics[f"{data}/{metric}-std"] = score
                metrics[f"{data}/{metric}"] = score
        self._tracking.log(metrics, step=epoch + 1)
        return False

    def after_training(self, model: Any) -> Any:
        """Save the result of early stopping, and end the run."""
        if model.attr("best_iteration") is not None:
            best = {
                "best_round": int(model.attr("best_iteration")) + 1,
                "best_score": float(model.attr("best_score")),
            }
            self._tracking.summary(best)
        self._tracking.end()
        return model
