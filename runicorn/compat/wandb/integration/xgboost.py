"""`wandb.integration.xgboost`, `wandb.xgboost`: the callback for XGBoost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xgboost.callback import TrainingCallback

from runicorn.compat.empty_modules import names_of
from runicorn.compat.guard import guarded
from runicorn.compat.wandb.active import require_run
from runicorn.compat.wandb.artifact import Artifact
from runicorn.compat.wandb.integration.metric_goals import define_goal
from runicorn.compat.wandb.table import Table


class WandbCallback(TrainingCallback):
    """Log the metrics of each round as `validation_0-rmse`, and the booster's settings.

    Args:
        log_model: whether the model becomes an artifact.
        log_feature_importance: whether a table of importances is logged at the end.
        importance_type: "gain", "weight", "cover", "total_gain" or "total_cover".
        define_metric: whether the summary has the best value of known metrics.

    Raises:
        Error: no run was begun.
    """

    def __init__(
        self,
        log_model: bool = False,
        log_feature_importance: bool = True,
        importance_type: str = "gain",
        define_metric: bool = True,
    ) -> None:
        super().__init__()
        require_run("WandbCallback()")
        self.log_model, self.log_feature_importance = log_model, log_feature_importance
        self.importance_type, self.define_metric = importance_type, define_metric

    def before_training(self, model: Any) -> Any:
        if hasattr(model, "save_config"):  # the boosters of a cross-validation have none in common
            with guarded("the settings of a booster"):
                require_run("WandbCallback").config.update(
                    json.loads(model.save_config()), allow_val_change=True
                )
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        record: dict[str, Any] = {}
        for data, metrics in evals_log.items():
            for metric, values in metrics.items():
                name, value = f"{data}-{metric}", values[-1]
                if self.define_metric:
                    define_goal(name, metric)
                if isinstance(value, tuple):
                    record |= {f"{name}-mean": value[0], f"{name}-stdv": value[1]}
                else:
                    record[name] = value
        self.define_metric = False
        require_run("WandbCallback").log({**record, "epoch": epoch})
        return False

    def after_training(self, model: Any) -> Any:
        run = require_run("WandbCallback")
        if hasattr(model, "save_model"):
            with guarded("the result of a booster"):
                if self.log_model:
                    self._store(run, model)
                if self.log_feature_importance:
                    scores = model.get_score(importance_type=self.importance_type)
                    run.log({"Feature Importance": Table(["Feature", "Importance"], list(scores.items()))})
                if model.attr("best_score") is not None:
                    run.summary.update(
                        best_score=float(model.attr("best_score")),
                        best_iteration=int(model.attr("best_iteration")),
                    )
        return model

    def _store(self, run: Any, model: Any) -> None:
        name = f"{run.id}_model.json"
        path = Path(run.dir, name)
        model.save_model(str(path))
        artifact = Artifact(name, "model")
        artifact.add_file(path)
        run.log_artifact(artifact)


def wandb_callback() -> WandbCallback:
    """Return a callback that logs metrics only."""
    return WandbCallback(log_feature_importance=False, define_metric=False)


__getattr__ = names_of("wandb.integration.xgboost", "runicorn.compat.wandb")
