"""Heartbeats of mirrored runs: when the mirror last saw a running run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from runicorn.store import heartbeat
from runicorn.store.state import State
from runicorn.store.state.reasons import fields
from runicorn.store.state.transitions import StateChange
from runicorn_tools.sync.mirror import mirror_store
from runicorn_tools.sync.transport import wrap_client
from runs.active_root import active_root
from runs.index import discovery
from tests.folders import write_run

pytestmark = pytest.mark.needs("sshd")
Mirror = Callable[[], dict[str, Any]]
RUN = "20260116_120000_a1b2c3"
PLACE = f"vision/resnet/runs/{RUN}"


@pytest.fixture
def mirror(sftp: Any, there: Path, store: Path) -> Mirror:
    """Mirror the remote store over SFTP into the store of the viewer."""
    return lambda: mirror_store(wrap_client(sftp), str(there), store, "gpu")


def status(there: Path, word: str) -> None:
    """Change the status of the remote run."""
    path = there / PLACE / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": word}))
    os.utime(path, (time.time() + 5, time.time() + 5))


def last_heartbeat(api: APIClient) -> Any:
    """Return the heartbeat that the server reports after a scan of the changed folders."""
    discovery.tick(active_root())
    return api.get(f"/api/runs/{RUN}").json()["heartbeat_at"]


def test_a_mirrored_run_has_a_heartbeat_while_it_is_running(
    mirror: Mirror, there: Path, store: Path, api: APIClient
) -> None:
    write_run(there, run_id=RUN, status="running")
    before = time.time()
    mirror()
    discovery.full(active_root())
    assert before <= last_heartbeat(api) <= time.time()
    status(there, "finished")
    mirror()
    assert last_heartbeat(api) is None


def test_a_mirror_carries_the_verdict_of_the_remote_host(
    mirror: Mirror, there: Path, store: Path, api: APIClient
) -> None:
    write_run(there, run_id=RUN, status="running")
    mirror()
    discovery.full(active_root())
    end = fields(StateChange(State.OUT_OF_MEMORY, "failed", "SIGKILL", {"oom_kills": 1}))
    (there / PLACE / "status.json").write_text(json.dumps({**end, "started_at": 1.0, "ended_at": 2.0}))
    os.utime(there / PLACE / "status.json", (time.time() + 5, time.time() + 5))
    mirror()
    assert last_heartbeat(api) is None
    run = api.get(f"/api/runs/{RUN}").json()
    assert (run["status"], run["state"], run["evidence"]) == ("failed", "out_of_memory", {"oom_kills": 1})


def test_a_run_whose_mirror_stopped_says_since_when(
    mirror: Mirror, there: Path, store: Path, api: APIClient
) -> None:
    write_run(there, run_id=RUN, status="running")
    mirror()
    discovery.full(active_root())
    page = Client()
    assert "No heartbeat since" not in page.get(f"/runs/{RUN}").content.decode()
    heartbeat.write(store / PLACE, then := time.time() - 240)
    os.utime(store / PLACE)
    assert last_heartbeat(api) == then
    assert "No heartbeat since" in page.get(f"/runs/{RUN}").content.decode()
    result = mirror()  # nothing else is new
    assert result["skipped"] and last_heartbeat(api) > then
    assert "No heartbeat since" not in page.get(f"/runs/{RUN}").content.decode()


def test_a_mirror_writes_no_heartbeat_for_another_run_of_the_same_id(
    mirror: Mirror, there: Path, store: Path
) -> None:
    write_run(there, run_id=RUN, status="running")
    write_run(store, run_id=RUN, status="running", created_at=1.0)
    for _ in range(2):
        assert any("as another run" in problem for problem in mirror()["problems"])
        assert not (store / PLACE / heartbeat.NAME).exists()


def test_a_mirror_writes_no_heartbeat_through_a_link(
    mirror: Mirror, there: Path, store: Path, tmp_path: Path
) -> None:
    write_run(there, run_id=RUN, status="running")
    mirror()
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (store / PLACE / heartbeat.NAME).unlink()
    (store / PLACE / heartbeat.NAME).symlink_to(outside)
    mirror()
    assert outside.read_text() == "mine"
