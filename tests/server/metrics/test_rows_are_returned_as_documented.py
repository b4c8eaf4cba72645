"""`/metrics` and `/metrics_step`: columns, order, headers and errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rest_framework.test import APIClient

MakeRun = Callable[..., str]
METRICS = [
    {"loss": 1.0, "acc": 0.1, "time": 100.0, "stage": "warmup"},
    {"loss": 0.5, "time": 101.5},
    {"loss": 0.4, "acc": 0.3, "time": 103.0, "global_step": 2},
    {"loss": 0.7, "time": 104.0, "global_step": 10, "stage": "train"},
]


def test_by_step_there_is_one_row_a_step_and_the_later_value_counts(
    store: Path, make_run: MakeRun, api: APIClient
) -> None:
    answer = api.get(f"/api/runs/{make_run(store, metrics=METRICS)}/metrics_step")
    assert answer.json() == {
        "columns": ["global_step", "acc", "loss", "time", "stage"],
        "rows": [
            {"global_step": 1, "acc": 0.1, "loss": 1.0, "time": 100.0, "stage": "warmup"},
            {"global_step": 2, "acc": 0.3, "loss": 0.4, "time": 103.0, "stage": None},
            {"global_step": 10, "acc": None, "loss": 0.7, "time": 104.0, "stage": "train"},
        ],
        "total": 3,
        "sampled": 3,
    }
    assert answer.headers["X-Row-Count"] == answer.headers["X-Total-Count"] == "3"
    assert answer.headers["X-Last-Step"] == "10"
    assert "X-Ingest-Pending" not in answer.headers


def test_by_time_there_is_one_row_a_call_in_seconds_since_the_first(
    store: Path, make_run: MakeRun, api: APIClient
) -> None:
    answer = api.get(f"/api/runs/{make_run(store, metrics=METRICS)}/metrics").json()
    assert answer["columns"] == ["time", "acc", "global_step", "loss", "stage"]
    assert [row["time"] for row in answer["rows"]] == [0.0, 1.5, 3.0, 4.0]
    assert [row["global_step"] for row in answer["rows"]] == [1, 2, 2, 10]
    assert [row["loss"] for row in answer["rows"]] == [1.0, 0.5, 0.4, 0.7]
    assert (answer["total"], answer["sampled"]) == (4, 4)


@pytest.mark.parametrize("metrics", [None, []])
def test_without_data_everything_is_empty(
    store: Path, make_run: MakeRun, api: APIClient, metrics: list[dict[str, float]] | None
) -> None:
    run_id = make_run(store, metrics=metrics)
    for route in ("metrics", "metrics_step"):
        answer = api.get(f"/api/runs/{run_id}/{route}")
        assert answer.json() == {"columns": [], "rows": [], "total": 0, "sampled": 0}
        assert answer.headers["X-Row-Count"] == answer.headers["X-Total-Count"] == "0"
        assert "X-Last-Step" not in answer.headers


def test_new_points_are_in_the_response(store: Path, make_run: MakeRun, api: APIClient) -> None:
    run_id = make_run(store, metrics=METRICS[:1], status="running")
    assert api.get(f"/api/runs/{run_id}/metrics").json()["total"] == 1
    journal = next(store.glob(f"*/*/runs/{run_id}/events.jsonl"))
    with journal.open("a") as events:
        events.write('{"ts":105.0,"type":"metrics","data":{"loss":NaN,"global_step":11,"time":105.0}}\n')
    answer = api.get(f"/api/runs/{run_id}/metrics").json()
    assert answer["rows"][-1] == {"time": 5.0, "acc": None, "global_step": 11, "loss": None, "stage": None}


@pytest.mark.parametrize("downsample", ["99", "50001", "x", "1.5"])
def test_a_bad_downsample_is_refused(store: Path, make_run: MakeRun, api: APIClient, downsample: str) -> None:
    answer = api.get(f"/api/runs/{make_run(store, metrics=METRICS)}/metrics?downsample={downsample}")
    assert answer.status_code == 400
    assert "downsample" in answer.json()["errors"]


@pytest.mark.parametrize("route", ["metrics", "metrics_step", "progress"])
def test_unknown_and_malformed_ids_are_told_apart(store: Path, api: APIClient, route: str) -> None:
    unknown = api.get(f"/api/runs/20200101_000000_abcdef/{route}")
    assert (unknown.status_code, unknown.json()) == (404, {"detail": "Run not found: 20200101_000000_abcdef"})
    assert api.get(f"/api/runs/nonsense/{route}").status_code == 400


def test_a_deleted_run_is_not_found(store: Path, make_run: MakeRun, api: APIClient) -> None:
    run_id = make_run(store, metrics=METRICS)
    api.post("/api/runs/soft-delete", {"run_ids": [run_id]})
    assert api.get(f"/api/runs/{run_id}/metrics").status_code == 404


def test_a_browser_sees_the_first_hundred(store: Path, make_run: MakeRun, api: APIClient) -> None:
    run_id = make_run(store, metrics=[{"loss": step / 7} for step in range(300)])
    page = api.get(f"/api/runs/{run_id}/metrics_step", headers={"Accept": "text/html"}).content.decode()
    assert "&quot;global_step&quot;: 100," in page
    assert "&quot;global_step&quot;: 101," not in page
