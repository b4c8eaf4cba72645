"""Lists and curves as a stream of Arrow, where a client accepts it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rest_framework.test import APIClient

ARROW = "application/vnd.apache.arrow.stream"


def table(api: APIClient, path: str) -> pa.Table:
    answer = api.get(path, HTTP_ACCEPT=ARROW)
    assert (answer.status_code, answer["Content-Type"]) == (200, ARROW), answer.content
    return pa.ipc.open_stream(answer.content).read_all()


@pytest.fixture
def run_id(store: Path, make_run: Any, look: Any) -> str:
    points = [{"loss": 1.0, "phase": "warm"}, {"loss": math.nan}, {"loss": 0.25}]
    new_id: str = make_run(store, metrics=points, config={"lr": 0.5, "layers": [1, 2]})
    make_run(store, metrics=[{"loss": 2.0}], config={"lr": "auto"})
    look()
    return new_id


def test_experiments(run_id: str, api: APIClient) -> None:
    api.get(f"/api/v2/experiments/{run_id}/series")  # which reads the journal
    rows = {row["id"]: row for row in table(api, "/api/v2/experiments?details=true").to_pylist()}
    assert rows[run_id]["config.lr"] == "0.5" and rows[run_id]["config.layers"] == "[1, 2]"
    assert rows[run_id]["metric.loss.last"] == 0.25
    assert {row["config.lr"] for row in rows.values()} == {"0.5", "auto"}


def test_curves(run_id: str, api: APIClient) -> None:
    curves = table(api, f"/api/v2/experiments/{run_id}/series").to_pylist()
    loss = [row["y"] for row in curves if row["name"] == "loss"]
    assert loss[0] == 1.0 and math.isnan(loss[1]) and loss[2] == 0.25
    assert [row["text"] for row in curves if row["name"] == "phase"] == ["warm"]
    several = table(api, f"/api/v2/series?ids={run_id}&names=loss")
    assert several.column("id").to_pylist() == [run_id] * 3


def test_other_clients_get_json_and_errors_are_json(run_id: str, api: APIClient) -> None:
    for _ in range(2):
        assert api.get("/api/v2/experiments")["Content-Type"] == "application/json"
        assert api.get("/api/v2/experiments", HTTP_ACCEPT=ARROW)["Content-Type"] == ARROW
    answer = api.get("/api/v2/experiments?page=0", HTTP_ACCEPT=ARROW)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
    assert answer.json()["detail"]
