"""`wandb.integration.catboost`, `wandb.catboost`: the callback for CatBoost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runicorn.compat.empty_modules import names_of
from runicorn.compat.guard import guarded
from runicorn.compat.wandb.active import require_run
from runicorn.compat.wandb.artifact import Artifact
from runicorn.compat.wandb.table import Table


class WandbCallback:
    """Logs the metrics of each evaluation as `validation-Logloss`.

    Args:
        metric_period: that of the model.
    """

    def __init__(self, metric_period: int = 1) -> None:
        require_run("WandbCallback()")
        self.metric_period = metric_period
        self._values_count = 0

    def after_iteration(self, info: Any) -> bool:
        """Log new values; return True, since the training goes on."""
        values = {
            f"{data}-{metric}": log
            for data, metrics in info.metrics.items()
            for metric, log in metrics.items()
        }
        count = sum(map(len, values.values()))
        if count > self._values_count:
            self._values_count = count
            record = {name: log[-1] for name, log in values.items()}
            record[f"iteration@metric-period-{self.metric_period}"] = info.iteration
            require_run("WandbCallback()").log(record)
        return True


def log_summary(
    model: Any,
    log_all_params: bool = True,
    save_model_checkpoint: bool = False,
    log_feature_importance: bool = True,
) -> None:
    """Add the best iteration and score to the summary.

    Args:
        model: a classifier or regressor that was fitted.
        log_all_params: whether its parameters are added to the config.
        save_model_checkpoint: whether it becomes an artifact.
        log_feature_importance: whether a table of importances is logged.

    Raises:
        Error: no run was begun.
    """
    run = require_run("log_summary()")
    with guarded("the summary of a CatBoost model"):
        params = model.get_all_params()
        if log_all_params:
            run.config.update(params)
        run.summary.update(best_iteration=model.get_best_iteration(), best_score=model.get_best_score())
        if save_model_checkpoint:
            path = Path(run.dir, "model")
            model.save_model(path)
            artifact = Artifact(f"model_{run.id}", "model")
            artifact.add_file(path)
            run.log_artifact(artifact, aliases=["best" if params.get("use_best_model") else "last"])
        if log_feature_importance:
            rows = sorted(zip(model.feature_names_, model.get_feature_importance()), key=lambda row: -row[1])
            table = Table(["Feature", "Importance"], [[name, float(value)] for name, value in rows])
            run.log({"Feature Importance": table}, commit=False)


__getattr__ = names_of("wandb.integration.catboost", "runicorn.compat.wandb")
