"""Whether more or less is better, by the name of a metric: the same for best values and for verdicts."""

from __future__ import annotations

import pytest

from runicorn_tools.analysis.goals import goal_by_name
from runs.store.metric_stats import mode_by_name

LESS = (
    *("train/loss", "valid_0_l1", "valid_0-l2", "validation-RMSE", "eval/latency_ms", "kl", "val.mape"),
    *("valid_cross_entropy", "CrossEntropy", "test-cox-nloglik", "top1_error"),
)


@pytest.mark.parametrize("name", LESS)
def test_less_is_better(name: str) -> None:
    assert (goal_by_name(name).direction, mode_by_name(name)) == ("min", "min")


@pytest.mark.parametrize("name", ["val/acc", "reward", "auc", "policy/entropy", "tool1", "epoch", "skill"])
def test_more_is_better_or_unknown(name: str) -> None:
    assert goal_by_name(name).direction != "min" and mode_by_name(name) == "max"
