"""A callback for XGBoost: `xgboost.train(…, callbacks=[RunicornCallback(project="trees")])`."""

from __future__ import annotations

from typing import Any

from xgboost.callback import TrainingCallback

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


class RunicornCallback(TrainingCallback):
    """Logs what is evaluated after every round as `<data>/<metric>`; of a cross-validation the mean, and `…-std`.

    The library tells a callback no parameters: give them as `config`. With early stopping the best round and its
    score are in the summary.
    """

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        """Log to `run`, else to the active run, else to one made by `runicorn.init(**options)` and ended after the training.

        Raises:
            TypeError: a run and options were given.
        """
        super().__init__()
        self._tracking = Tracking(run, options)

    def before_training(self, model: Any) -> Any:
        """Begin."""
        self._tracking.begin({})
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Log the round; rounds count from 1. The training goes on."""
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
        """Keep what early stopping found, and end."""
        if model.attr("best_iteration") is not None:
            best = {
                "best_round": int(model.attr("best_iteration")) + 1,
                "best_score": float(model.attr("best_score")),
            }
            self._tracking.summary(best)
        self._tracking.end()
        return model
