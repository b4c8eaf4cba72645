"""Accelerate with its tracker by name, and what it has written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from tests.records import Record
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("accelerate", "torch"), pytest.mark.torture]


def _accelerator(log_with: Any) -> Any:
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(cpu=True, log_with=log_with)


def test_the_tracker_is_found_by_name(only_run: Callable[[], Record]) -> None:
    tracking = pytest.importorskip("runicorn.integrations.accelerate").tracking
    if not hasattr(tracking, "register_tracker_class"):
        pytest.skip("this Accelerate has no registration of trackers")
    accelerator = _accelerator("runicorn")
    accelerator.init_trackers(
        "vision",
        config={"lr": 0.1, "optim": {"beta": 0.9}},
        init_kwargs={"runicorn": {"name": "resnet", "tags": ["a"]}},
    )
    accelerator.log({"loss": 0.5, "val": {"loss": 0.7}, "note": "half way"}, step=3)
    accelerator.log({"loss": 0.25}, step=4)
    assert accelerator.get_tracker("runicorn", unwrap=True) is rn.get_active_run()
    accelerator.end_training()
    run = only_run()
    assert (run.meta["project"], run.meta["name"], run.meta["tags"]) == ("vision", "resnet", ["a"])
    assert run.config == {"lr": 0.1, "optim.beta": 0.9}
    assert run.curve("loss") == [(3, 0.5), (4, 0.25)]
    assert run.curve("val/loss") == [(3, 0.7)]
    assert "note: half way" in run.log
    assert run.status["status"] == "finished"


def test_a_given_run_stays_open(root: Path, only_run: Callable[[], Record]) -> None:
    from runicorn.integrations.accelerate import RunicornTracker

    with rn.init("mine") as run:
        accelerator = _accelerator(RunicornTracker(run=run))
        accelerator.init_trackers("ignored", config={"lr": 0.1})
        accelerator.log({"loss": 0.5}, step=1)
        accelerator.end_training()
        assert run.is_open()
    assert only_run().config == {"lr": 0.1}
    assert only_run().curve("loss") == [(1, 0.5)]
