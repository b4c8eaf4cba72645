"""`/progress`: the progress of a run whose config has a total."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

MakeRun = Callable[..., str]
FINISHED = {"status": "finished", "state": "finished", "state_reason": None}


def ask(api: APIClient, run_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = api.get(f"/api/runs/{run_id}/progress").json()
    return answer


@pytest.mark.parametrize("key", ["total_steps", "max_steps"])
def test_steps_are_counted(store: Path, make_run: MakeRun, api: APIClient, key: str) -> None:
    run_id = make_run(store, config={key: 8}, metrics=[{"loss": 1.0}] * 2)
    assert ask(api, run_id) == {
        "available": True,
        **FINISHED,
        "step": 2,
        "total": 8,
        "fraction": 0.25,
    }


def test_epochs_are_counted_by_the_metric(store: Path, make_run: MakeRun, api: APIClient) -> None:
    metrics = [{"epoch": step // 10, "loss": 1.0} for step in range(1, 31)]
    answer = ask(api, make_run(store, config={"epochs": 6}, metrics=metrics))
    assert (answer["step"], answer["total"], answer["fraction"]) == (3, 6, 0.5)


def test_a_running_run_has_an_estimate(store: Path, make_run: MakeRun, api: APIClient) -> None:
    run_id = make_run(
        store,
        config={"total_steps": 40},
        status="running",
        created_at=1.7e9,
        metrics=[{"loss": 1.0}] * 10,
        hostname="another-machine",
    )
    answer = ask(api, run_id)
    assert answer["eta_seconds"] == pytest.approx(30.0)


@pytest.mark.parametrize("config", [None, {}, {"total_steps": "many"}, {"epochs": 0}, {"max_steps": True}])
def test_progress_without_a_total_is_not_available(
    store: Path, make_run: MakeRun, api: APIClient, config: dict[str, Any] | None
) -> None:
    answer = ask(api, make_run(store, config=config, metrics=[{"loss": 1.0}] * 2))
    assert answer == {"available": False, **FINISHED, "step": 2}


def test_a_run_that_logged_nothing_has_no_step(store: Path, make_run: MakeRun, api: APIClient) -> None:
    answer = ask(api, make_run(store, config={"total_steps": 8}))
    assert answer == {"available": False, **FINISHED, "total": 8}
