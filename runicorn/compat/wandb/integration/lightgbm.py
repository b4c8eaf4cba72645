"""`wandb.integration.lightgbm`, `wandb.lightgbm`: the callback for LightGBM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runicorn.compat.empty_modules import names_of
from runicorn.compat.guard import guarded
from runicorn.compat.wandb.active import require_run
from runicorn.compat.wandb.artifact import Artifact
from runicorn.compat.wandb.errors import Error
from runicorn.compat.wandb.integration.metric_goals import define_goal
from runicorn.compat.wandb.table import Table


class _Callback:
    order, before_iteration = 20, False

    def __init__(self, log_params: bool, define_metric: bool) -> None:
        self._log_params, self._define_metric = log_params, define_metric

    def __call__(self, env: Any) -> None:
        run = require_run("wandb_callback()")
        is_first = env.iteration == env.begin_iteration
        if is_first and self._log_params:
            run.config.update(env.params, allow_val_change=True)
        record: dict[str, Any] = {}
        for result in env.evaluation_result_list or ():
            values, metric = _values(result)
            record |= values
            if is_first and self._define_metric:
                for name in values:
                    define_goal(name, metric)
        run.log({**record, "iteration": env.iteration})


def _values(result: Any) -> tuple[dict[str, float], str]:
    """Return values by name, and the metric, of a result: of a cross-validation it has mean and deviation."""
    data, metric = result[:2]
    if len(result) == 4:
        return {f"{data}_{metric}": result[2]}, metric
    if " " in metric:  # before LightGBM 4.6
        data, metric = metric.split(" ", 1)
    name = f"{data}_{metric}"
    return {f"{name}-mean": result[2], f"{name}-stdv": result[4]}, metric


def wandb_callback(log_params: bool = True, define_metric: bool = True) -> _Callback:
    """Return a callback that logs the metrics of each iteration as `valid_0_l2`.

    Args:
        log_params: whether the parameters of the training are added to the config.
        define_metric: whether the summary has the best value of known metrics.
    """
    return _Callback(log_params, define_metric)


def log_summary(model: Any, feature_importance: bool = True, save_model_checkpoint: bool = False) -> None:
    """Add the best iteration and score to the summary.

    Args:
        model: a booster.
        feature_importance: whether a table of importances is logged.
        save_model_checkpoint: whether the model becomes an artifact.

    Raises:
        Error: no run was begun, or `model` is no booster.
    """
    run = require_run("log_summary()")
    if not hasattr(model, "best_iteration"):
        raise Error("Model should be an instance of lightgbm.basic.Booster")
    with guarded("the summary of a booster"):
        run.summary.update(best_iteration=model.best_iteration, best_score=model.best_score)
        if feature_importance:
            importances = model.feature_importance().tolist()
            rows = list(zip(model.feature_name(), importances))
            run.log({"Feature Importance": Table(["Feature", "Importance"], rows)}, commit=False)
        if save_model_checkpoint:
            path = Path(run.dir, f"model_ckpt_{model.best_iteration}.txt")
            model.save_model(path, num_iteration=model.best_iteration)
            artifact = Artifact(f"model_{run.id}", "model")
            artifact.add_file(path)
            run.log_artifact(artifact, aliases=["best"])


__getattr__ = names_of("wandb.integration.lightgbm", "runicorn.compat.wandb")
