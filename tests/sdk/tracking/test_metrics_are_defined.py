"""`define_metric` records in `meta.json` how a metric is read; the rest of the file stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import runicorn as rn
from runicorn.store.metric_rules import clean, rule_of
from tests.sdk.tracking.scripts import Recorded


def test_definitions_are_recorded_in_their_order(begin: Callable[..., rn.Run]) -> None:
    run = begin(tags=["a"])
    before = Recorded(run.run_dir).json("meta")
    run.define_metric("val/*", step_metric="epoch", goal="max", summary="best")
    run.define_metric("loss", goal="minimize")
    run.define_metric("val/*", goal="min")
    meta = Recorded(run.run_dir).json("meta")
    assert meta.pop("metrics") == {"loss": {"goal": "min"}, "val/*": {"goal": "min"}}
    assert meta == before


def test_a_resumed_run_keeps_its_definitions(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.define_metric("loss", summary="min")
    run.finish()
    again = rn.init(run.project, run.name, storage=run.storage_root, run_id=run.id, resume=True)
    again.define_metric("acc", goal="max")
    assert Recorded(again.run_dir).json("meta")["metrics"] == {
        "loss": {"summary": "min"},
        "acc": {"goal": "max"},
    }


@pytest.mark.parametrize(
    "arguments", [{"goal": "up"}, {"summary": "mean"}, {"step_metric": 3}, {"step_metric": ""}]
)
def test_a_wrong_argument_raises_and_changes_nothing(
    begin: Callable[..., rn.Run], arguments: dict[str, object]
) -> None:
    run = begin()
    with pytest.raises(ValueError, match="must be"):
        run.define_metric("loss", **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be"):
        run.define_metric("")
    assert "metrics" not in Recorded(run.run_dir).json("meta")


def test_exact_names_precede_patterns_and_invalid_definitions_are_left_out() -> None:
    rules = clean(
        {"loss": {"goal": "min"}, "*": {"goal": "max"}, "l*": {"goal": "min"}, "bad": {"goal": 1}, "x": 3}
    )
    assert list(rules) == ["loss", "*", "l*"]
    goals = [rule_of(rules, name).get("goal") for name in ("loss", "lr", "acc")]
    assert goals == ["min", "min", "max"]
    assert rule_of(None, "loss") == rule_of({}, "loss") == {}
