"""Metrics of gradient boosting whose best value is the smallest or the largest."""

from __future__ import annotations

from runicorn.compat.wandb.active import require_run

MINIMIZED = frozenset(
    (
        *("rmse", "rmsle", "mae", "mape", "mphe", "logloss", "error", "error@t", "merror"),
        *("l1", "l2", "huber", "fair", "poisson", "gamma", "binary_logloss"),
    )
)
MAXIMIZED = frozenset(("auc", "aucpr", "ndcg", "map", "ndcg@n", "map@n", "average_precision"))


def define_goal(name: str, metric: str) -> None:
    """Store the best value of `name` in the summary of the active run, if the metric is a known one."""
    kind = metric.lower()
    if "loss" in kind or kind in MINIMIZED:
        require_run("a callback").define_metric(name, summary="min")
    elif kind in MAXIMIZED:
        require_run("a callback").define_metric(name, summary="max")
