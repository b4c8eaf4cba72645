from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.answers import read
from tests.folders import folder_of


@pytest.fixture
def three(store: Path, make_run: Any, look: Any) -> list[str]:
    run_ids = [
        make_run(store, name=f"n{number}", metrics=[{"loss": 0.5}, {"loss": 0.25}]) for number in "abc"
    ]
    look()
    return run_ids


def ids_of_lists(api: Any) -> tuple[set[str], set[str], set[str]]:
    """Ids in the list of V1, in that of V2, and in the recycle bin."""
    return (
        {item["id"] for item in read(api.get("/api/runs"))},
        {item["id"] for item in read(api.get("/api/v2/experiments"))["experiments"]},
        {item["id"] for item in read(api.get("/api/recycle-bin"))["deleted_runs"]},
    )


def test_a_deletion_through_one_version_is_visible_in_the_other(
    three: list[str], api: Any, store: Path
) -> None:
    a, b, c = three
    answer = api.post("/api/v2/experiments/batch-delete", {"exp_ids": [a, a], "reason": "old"})
    assert answer.json() == {
        "deleted": 1,
        "failed": 0,
        "results": {a: True},
        "message": "Soft deleted 1 of 1 runs",
    }
    assert (folder_of(store, a) / ".deleted").exists()
    assert ids_of_lists(api) == ({b, c}, {b, c}, {a})
    assert read(api.get("/api/recycle-bin"))["deleted_runs"][0]["delete_reason"] == "old"
    api.post("/api/runs/soft-delete", {"run_ids": [b]})
    assert ids_of_lists(api) == ({c}, {c}, {a, b})
    api.post("/api/recycle-bin/restore", {"run_ids": [a]})
    assert ids_of_lists(api) == ({a, c}, {a, c}, {b})


def test_a_deleted_experiment_is_returned_by_v2_alone(three: list[str], api: Any) -> None:
    run_id = three[0]
    assert read(api.get(f"/api/v2/experiments/{run_id}"))["experiment"]["deleted_at"] is None
    api.post("/api/v2/experiments/batch-delete", {"exp_ids": [run_id]})
    assert read(api.get(f"/api/v2/experiments/{run_id}"))["experiment"]["deleted_at"] > 0
    assert api.get(f"/api/runs/{run_id}").status_code == 404
    assert api.get(f"/api/runs/{run_id}/metrics").status_code == 404
    assert api.get(f"/api/v2/experiments/{run_id}/series").status_code == 404


def test_the_detail_counts_what_was_logged(three: list[str], api: Any, store: Path) -> None:
    folder = folder_of(store, three[0])
    (folder / "media" / "deep").mkdir()
    (folder / "media" / "deep" / "a.png").touch()
    answer = read(api.get(f"/api/v2/experiments/{three[0]}"))
    assert answer["metrics_summary"] == {
        "total_data_points": 2,
        "available_metrics": ["loss"],
        "step_range": {"min": 1, "max": 2},
    }
    assert answer["file_count"] == 4
    assert answer["environment_available"] is False


def test_an_experiment_without_metrics_has_no_steps(store: Path, make_run: Any, api: Any) -> None:
    answer = read(api.get(f"/api/v2/experiments/{make_run(store)}"))
    assert answer["metrics_summary"] == {"total_data_points": 0, "available_metrics": []}


def test_an_unknown_experiment_is_not_found(store: Path, api: Any) -> None:
    answer = api.get("/api/v2/experiments/20200101_000000_abcdef")
    assert (answer.status_code, answer.json()) == (
        404,
        {"detail": "Experiment 20200101_000000_abcdef not found"},
    )
    assert api.get("/api/v2/experiments/nonsense").status_code == 400
    assert api.get("/api/v2/experiments/batch-delete").status_code == 405


def test_an_invalid_batch_deletes_nothing(three: list[str], api: Any, subtests: pytest.Subtests) -> None:
    for body, sentence in [
        ({}, "exp_ids is required"),
        ({"exp_ids": []}, "exp_ids is required"),
        ({"exp_ids": None}, "exp_ids is required"),
        ({"exp_ids": "20200101_000000_abcdef"}, "exp_ids is required and must be a list"),
        ({"exp_ids": 5}, "exp_ids is required and must be a list"),
        (
            {"exp_ids": [f"20200101_000000_{number:06d}" for number in range(1001)]},
            "Cannot delete more than 1000 experiments at once",
        ),
        (
            {"exp_ids": ["../.."]},
            "Invalid run_id format: ../... Expected format: YYYYMMDD_HHMMSS_XXXXXX",
        ),
    ]:
        with subtests.test(body=body, sentence=sentence):
            if isinstance(ids := body.get("exp_ids"), list) and ids:
                body = {"exp_ids": [three[0], *ids]}
            answer = api.post("/api/v2/experiments/batch-delete", body)
            assert answer.status_code == 400
            assert sentence in answer.json()["detail"]
            assert ids_of_lists(api)[2] == set()


def test_a_batch_has_a_result_for_each_run(three: list[str], api: Any) -> None:
    unknown = "20200101_000000_abcdef"
    answer = api.post("/api/v2/experiments/batch-delete", {"exp_ids": [*three, unknown]}).json()
    assert (answer["deleted"], answer["failed"]) == (3, 1)
    assert answer["results"] == {**dict.fromkeys(three, True), unknown: False}
    again = api.post("/api/v2/experiments/batch-delete", {"exp_ids": three}).json()
    assert (again["deleted"], again["failed"]) == (0, 3)
