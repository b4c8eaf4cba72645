"""`PUT /api/runs/{id}/heartbeat`: the server shows which runs are still alive."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.test import APIClient

from runicorn.store import heartbeat
from runs.active_root import active_root
from runs.index import discovery
from tests.answers import read
from tests.folders import write_run

RUN = "20260116_120000_a1b2c3"


@pytest.fixture
def run(store: Path) -> Path:
    """A running run of another machine."""
    write_run(store, run_id=RUN, status="running")
    discovery.full(active_root())
    return store / "vision" / "resnet" / "runs" / RUN


def test_a_heartbeat_is_kept_in_a_file_and_answered_everywhere(run: Path, api: APIClient) -> None:
    assert api.get(f"/api/runs/{RUN}").json()["heartbeat_at"] is None
    before = time.time()
    at = api.put(f"/api/runs/{RUN}/heartbeat").json()["heartbeat_at"]
    assert before <= at <= time.time()
    assert json.loads((run / ".heartbeat").read_text()) == {"at": at}
    for answer in (
        api.get(f"/api/runs/{RUN}").json(),
        read(api.get("/api/runs"))[0],
        api.get(f"/api/v2/experiments/{RUN}").json()["experiment"],
        api.get("/api/v2/experiments").json()["experiments"][0],
    ):
        assert (answer["heartbeat_at"], answer["status"]) == (at, "running")


def test_a_heartbeat_survives_the_database(run: Path, api: APIClient) -> None:
    heartbeat.write(run, 1234.5)
    os.utime(run / "status.json")
    discovery.full(active_root())
    assert api.get(f"/api/runs/{RUN}").json()["heartbeat_at"] == 1234.5


@pytest.mark.parametrize("content", ["", "{", "[]", '{"at": "x"}', '{"at": true}', '{"at": null}'])
def test_a_damaged_heartbeat_counts_as_missing(run: Path, content: str) -> None:
    (run / heartbeat.NAME).write_text(content)
    assert heartbeat.read(run) is None


def test_a_heartbeat_of_an_unknown_run_is_not_found(store: Path, api: APIClient) -> None:
    assert api.put(f"/api/runs/{RUN}/heartbeat").status_code == 404


def test_a_heartbeat_is_not_written_through_a_link(run: Path, api: APIClient, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (run / heartbeat.NAME).symlink_to(outside)
    assert api.put(f"/api/runs/{RUN}/heartbeat").status_code >= 400
    assert outside.read_text() == "mine"


def test_a_run_without_a_heartbeat_for_three_minutes_says_since_when(run: Path, api: APIClient) -> None:
    page = Client()
    api.put(f"/api/runs/{RUN}/heartbeat")
    assert "No heartbeat since" not in page.get(f"/runs/{RUN}").content.decode()
    heartbeat.write(run, then := time.time() - 240)
    os.utime(run / "status.json")
    discovery.full(active_root())
    since = time.strftime("%H:%M", time.localtime(then))
    text = page.get(f"/runs/{RUN}").content.decode()
    assert "No heartbeat since" in text and f">{since}</time>" in text
    assert f"No heartbeat since {since}" in page.get("/").content.decode()
    assert api.get(f"/api/runs/{RUN}").json()["status"] == "running", "it is no verdict"
    api.put(f"/api/runs/{RUN}/heartbeat")
    assert "No heartbeat since" not in page.get(f"/runs/{RUN}").content.decode()
