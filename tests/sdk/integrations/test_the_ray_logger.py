"""A real search with Ray Tune, and what the logger has written of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.records import records
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("ray"), pytest.mark.torture]


def _trial(config: dict[str, Any]) -> None:
    from ray import tune

    for step in (1, 2, 3):
        tune.report({"loss": config["rate"] / step, "val": {"accuracy": step / 3}})
    if config["rate"] == 2:
        raise ValueError("stumbled")


@pytest.fixture
def cluster() -> Iterator[None]:
    """Ray on this machine, for one test."""
    import ray

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster")
def test_trials_are_runs_of_the_experiment(root: Path, tmp_path: Path) -> None:
    from ray import tune

    from runicorn.integrations.ray import RunicornLoggerCallback

    tune.Tuner(
        _trial,
        param_space={"rate": tune.grid_search([1, 2])},
        run_config=tune.RunConfig(
            name="rates",
            storage_path=str(tmp_path / "results"),
            callbacks=[RunicornLoggerCallback(project="search")],
            verbose=0,
        ),
    ).fit()
    runs = {run.config["rate"]: run for run in records(root)}
    assert set(runs) == {1, 2}
    assert {run.meta["group"] for run in runs.values()} == {"rates"}
    for rate, run in runs.items():
        assert run.curve("loss") == [(1, rate), (2, rate / 2), (3, rate / 3)]
        assert run.curve("val/accuracy") == [(1, 1 / 3), (2, 2 / 3), (3, 1)]
    assert runs[1].status["status"] == "finished"
    assert runs[2].status["status"] == "failed"
    assert runs[2].status["exit_reason"].endswith("stumbled")
