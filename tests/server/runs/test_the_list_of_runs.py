from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.api import responses
from runs.query import counts
from runs.services import dead_runs
from tests.answers import read


@pytest.fixture
def many(store: Path, make_run: Any, look: Any) -> list[str]:
    """Nine runs, the newest first."""
    run_ids = [
        make_run(
            store,
            project=f"p{number % 2}",
            name=f"n{number % 3}",
            status=("finished", "failed", "running")[number % 3],
            created_at=1.7e9 + number // 2,
            run_id=f"20231114_221320_{number:06d}",
        )
        for number in range(9)
    ]
    look()
    return run_ids[::-1]


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in read(answer)]


def test_the_list_is_newest_first(many: list[str], api: Any) -> None:
    answer = api.get("/api/runs")
    assert ids(answer) == many
    assert answer["X-Total-Count"] == "9"


def test_an_item_has_all_its_fields(store: Path, make_run: Any, look: Any, api: Any) -> None:
    run_id = make_run(store, created_at=1.7e9, metrics=[{"x": 1}], tags=["t"], hostname="")
    look()
    assert read(api.get("/api/runs")) == [
        {
            "id": run_id,
            "run_dir": f"{store}/vision/resnet/runs/{run_id}",
            "created_time": 1.7e9,
            "status": "finished",
            "state": "finished",
            "state_reason": None,
            "pid": 1,
            "best_metric_value": None,
            "best_metric_name": None,
            "project": "vision",
            "name": "resnet",
            "artifacts_created_count": 0,
            "artifacts_used_count": 0,
            "started_at": 1.7e9,
            "ended_at": 1.7e9 + 2,
            "duration_seconds": 2.0,
            "tags": ["t"],
            "hostname": None,
            "heartbeat_at": None,
            "records_written": None,
            "records_missing": None,
            "display_name": None,
            "color": None,
            "owner": None,
        }
    ]


@pytest.mark.parametrize("chunk", [1, 2, 4, 100])
def test_the_list_is_the_same_streamed_or_not(
    many: list[str], api: Any, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(responses, "CHUNK", chunk)
    assert ids(api.get("/api/runs")) == many
    assert ids(api.get("/api/runs?offset=2")) == many[2:]
    assert ids(api.get("/api/runs?offset=2&limit=5")) == many[2:7]
    assert ids(api.get("/api/runs?limit=0")) == []
    assert ids(api.get("/api/runs?offset=99")) == []


def test_the_total_is_of_all_that_match(many: list[str], api: Any) -> None:
    answer = api.get("/api/runs?limit=1&project=p0")
    assert (len(read(answer)), answer["X-Total-Count"]) == (1, "5")


@pytest.mark.parametrize(
    ("query", "predicate"),
    [
        ("project=p1", lambda number: number % 2 == 1),
        ("name=n2", lambda number: number % 3 == 2),
        ("project=p0&name=n0", lambda number: number % 6 == 0),
        ("status=failed", lambda number: number % 3 == 1),
        ("status=failed,running", lambda number: number % 3 > 0),
        ("status=failed&status=running", lambda number: number % 3 > 0),
        ("status=never", lambda number: False),
        ("project=P1", lambda number: False),
        ("project=&name=&status=&unknown=1", lambda number: True),
    ],
)
def test_the_list_can_be_filtered(many: list[str], api: Any, query: str, predicate: Any) -> None:
    assert ids(api.get(f"/api/runs?{query}")) == [run_id for run_id in many if predicate(int(run_id[-6:]))]


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=-1", "limit"), ("limit=ten", "limit"), ("offset=-1", "offset"), ("project=a%00b", "project")],
)
def test_bad_input_is_named(store: Path, api: Any, query: str, field: str) -> None:
    answer = api.get(f"/api/runs?{query}")
    assert answer.status_code == 400
    assert field in answer.json()["detail"]


def test_a_browser_sees_the_beginning_as_a_page(many: list[str], api: Any) -> None:
    answer = api.get("/api/runs", headers={"Accept": "text/html"})
    assert answer["Content-Type"].startswith("text/html")
    assert many[0].encode() in answer.content


def test_the_number_of_queries_does_not_grow(
    store: Path, make_run: Any, look: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "EXPENSIVE_SECONDS", math.inf)  # on a busy machine any count is

    def queries() -> int:
        look()
        dead_runs._next_check.clear()
        with CaptureQueriesContext(connection) as captured:
            read(api.get("/api/runs?limit=50"))
        return len(captured)

    make_run(store, status="running", tags=["a"], config={"lr": 1})
    assert queries() <= 5  # two of them for the runs that are running
    for _ in range(10):
        make_run(store, status="running", tags=["a", "b"], config={"lr": 1})
    assert queries() <= 5  # fewer where a busy machine made an answer so slow that it is remembered


def test_an_experiment_has_a_list_of_its_own(many: list[str], api: Any) -> None:
    runs = ids(api.get("/api/projects/p0/names/n0/runs"))
    assert runs == [run_id for run_id in many if int(run_id[-6:]) % 6 == 0]
    assert ids(api.get("/api/projects/none/names/n0/runs")) == []


def test_projects_are_counted(many: list[str], api: Any) -> None:
    answer = read(api.get("/api/projects"))
    assert answer["projects"] == ["p0", "p1"]
    details = [{key: entry[key] for key in entry if key != "latest_update"} for entry in answer["details"]]
    assert details == [
        {"name": "p0", "experiment_count": 3, "run_count": 5},
        {"name": "p1", "experiment_count": 3, "run_count": 4},
    ]
    assert all(entry["latest_update"] > 1.7e9 for entry in answer["details"])
    assert read(api.get("/api/projects/p1/names")) == {"names": ["n0", "n1", "n2"]}
    assert read(api.get("/api/projects/none/names")) == {"names": []}


def test_deleted_runs_do_not_make_a_project(store: Path, make_run: Any, look: Any, api: Any) -> None:
    run_id = make_run(store)
    look()
    assert read(api.get("/api/projects"))["projects"] == ["vision"]
    api.post("/api/runs/soft-delete", {"run_ids": [run_id]})
    assert read(api.get("/api/projects")) == {"projects": [], "details": []}
    assert read(api.get("/api/projects/vision/names")) == {"names": []}


@pytest.mark.parametrize("route", ["", "/logs", "/media", "/media/a.png", "/artifacts"])
def test_an_unknown_or_malformed_id_is_reported(store: Path, api: Any, route: str) -> None:
    unknown = "20200101_000000_abcdef"
    answer = api.get(f"/api/runs/{unknown}{route}")
    assert (answer.status_code, answer.json()) == (404, {"detail": f"Run not found: {unknown}"})
    answer = api.get(f"/api/runs/nonsense{route}")
    assert answer.status_code == 400
    sentence = "Invalid run_id format: nonsense. Expected format: YYYYMMDD_HHMMSS_XXXXXX"
    assert answer.json() == {"detail": sentence, "errors": {"run_id": [sentence]}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("search=N2 p0", [2, 8]),
        ("search=nothing at all", []),
        ("order_by=created_at&order_desc=false", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("order_by=name&order_desc=no&limit=4", [0, 3, 6, 1]),
        ("order_by=name&order_desc=no&offset=2", [6, 1, 4, 7, 2, 5, 8]),
        ("order_by=metric.loss.last&limit=2&offset=1&order_desc=0", [1, 2]),
        ("tags=a,b", []),
    ],
)
def test_the_list_can_be_searched_and_sorted(
    many: list[str], api: Any, query: str, expected: list[int]
) -> None:
    answer = api.get(f"/api/runs?{query}")
    numbers = [int(run_id[-6:]) for run_id in ids(answer)]
    assert (sorted(numbers) if "search" in query else numbers) == expected


def test_an_unknown_order_is_reported(store: Path, api: Any) -> None:
    answer = api.get("/api/runs?order_by=(SELECT 1)")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("order_by must be one of created_at, updated_at,")
