from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runs.active_root import active_root
from runs.services.recycle_bin import soft_delete_runs
from tests.answers import read

KINDS = ["finished", "failed", "running", "finished"]


@pytest.fixture
def four(store: Path, make_run: Any, look: Any) -> list[str]:
    """Four runs of two projects, the last two days ago; a fifth is in the recycle bin."""
    now = time.time()
    run_ids = [
        make_run(
            store,
            project=f"p{number % 2}",
            status=status,
            created_at=now - (number == 3) * 2 * 86_400,
            metrics=[{"loss": 1.0}] * number,
            hostname="elsewhere",
            summary={
                "best_metric_name": "loss" if number % 2 else "acc",
                "best_metric_mode": "min" if number % 2 else "max",
                "best_metric_value": 1.0 + number,
            },
        )
        for number, status in enumerate(KINDS)
    ]
    deleted_id = make_run(store, project="p0", logs="x" * 1000)
    look()
    soft_delete_runs(root=active_root(), run_ids=[deleted_id])
    return run_ids


def test_the_summary_counts_all_experiments(four: list[str], store: Path, api: Any) -> None:
    answer = read(api.get("/api/v2/analytics/summary"))
    assert answer["total_experiments"] == 4
    assert answer["by_status"] == {"failed": 1, "finished": 2, "running": 1}
    assert answer["by_project"] == {"p0": 2, "p1": 2}
    assert answer["success_rate"] == pytest.approx(2 / 3)
    assert answer["duration_seconds"]["total"] == pytest.approx(1 + 2 + 4)
    assert answer["duration_seconds"]["mean"] == pytest.approx(7 / 3)
    assert len(answer["runs_per_day"]) == 30
    assert sum(day["count"] for day in answer["runs_per_day"]) == 4
    assert answer["runs_per_day"][-1]["date"] == datetime.now(UTC).date().isoformat()
    assert answer["best"] == [
        {"project": "p0", "metric": "acc", "mode": "max", "value": 3.0, "id": four[2]},
        {"project": "p1", "metric": "loss", "mode": "min", "value": 2.0, "id": four[1]},
    ]
    on_disk = sum(path.stat().st_size for path in store.glob("*/*/runs/**/*") if path.is_file())
    assert answer["storage_bytes"] == on_disk
    assert answer["generated_at"] <= time.time()


def test_the_summary_of_one_project_and_fewer_days(four: list[str], api: Any) -> None:
    answer = read(api.get("/api/v2/analytics/summary?project=p1&days=1"))
    assert (answer["by_status"], answer["by_project"]) == ({"failed": 1, "finished": 1}, {"p1": 2})
    assert [day["count"] for day in answer["runs_per_day"]] == [1]
    assert [best["id"] for best in answer["best"]] == [four[1]]


def test_the_summary_of_an_empty_store_is_empty(store: Path, api: Any) -> None:
    answer = read(api.get("/api/v2/analytics/summary?project=never"))
    assert (answer["total_experiments"], answer["success_rate"], answer["best"]) == (0, None, [])
    assert answer["duration_seconds"] == {"mean": None, "total": 0.0}
    assert answer["storage_bytes"] == 0


@pytest.mark.parametrize("days", ["0", "-1", "3651", "many", "1e3"])
def test_bad_input_is_named(store: Path, api: Any, days: str) -> None:
    answer = api.get(f"/api/v2/analytics/summary?days={days}")
    assert answer.status_code == 400
    assert "days" in answer.json()["detail"]


def test_the_number_of_queries_is_constant(
    four: list[str], api: Any, django_assert_max_num_queries: Any
) -> None:
    # Two of them look for running and changed runs, so that the first answer after a change is right.
    with django_assert_max_num_queries(11):
        read(api.get("/api/v2/analytics/summary?days=3650"))
