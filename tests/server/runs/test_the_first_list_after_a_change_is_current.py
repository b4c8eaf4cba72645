from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from rest_framework.test import APIClient

from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from tests.answers import read


def test_a_run_that_began_or_ended_before_the_request_is_in_its_answer(
    store: Path, api: APIClient, make_run: Callable[..., str]
) -> None:
    running = make_run(store, status="running")
    discovery.full(active_root())
    began = make_run(store)
    status = store / "vision" / "resnet" / "runs" / running / "status.json"
    status.write_text(json.dumps({"status": "finished", "ended_at": time.time()}))
    statuses = {run["id"]: run["status"] for run in read(api.get("/api/runs"))}
    assert statuses == {running: "finished", began: "finished"}


def test_emptying_the_recycle_bin_removes_what_the_command_line_just_deleted(
    store: Path, api: APIClient, make_run: Callable[..., str]
) -> None:
    run_id = make_run(store)
    discovery.full(active_root())
    folder = store / "vision" / "resnet" / "runs" / run_id
    (folder / ".deleted").write_text(json.dumps({"deleted_at": time.time(), "reason": "user_deleted"}))
    answer = api.post("/api/recycle-bin/empty", {"confirm": True}, format="json")
    assert answer.json()["permanently_deleted"] == 1
    assert not folder.exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="counts the instructions of SQLite")
def test_a_list_after_a_copy_of_many_finished_runs_does_not_read_their_rows(
    store: Path, api: APIClient, make_run: Callable[..., str]
) -> None:
    make_run(store)
    root = active_root()
    discovery.full(root)

    def instructions() -> int:
        """SQLite's, in hundreds."""
        counted: list[None] = []
        connection.connection.set_progress_handler(lambda: counted.append(None), 100)
        discovery.scan_changed_runs(root)
        connection.connection.set_progress_handler(None, 0)
        return len(counted)

    for_one = instructions()
    now = time.time()
    copies = [
        Run(
            root=root,
            run_id=f"20260101_000000_{number:06x}",
            folder=f"p/n/runs/{number}",
            status="finished",
            created=now,
            updated=now,
        )
        for number in range(400)
    ]
    Run.objects.bulk_create(copies)
    assert instructions() <= for_one + 5
