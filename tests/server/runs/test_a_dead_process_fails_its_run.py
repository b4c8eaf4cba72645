from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from runicorn import _platform
from runs.active_root import active_root
from runs.services import dead_runs
from runs.services.dead_runs import check_processes
from tests.answers import read
from tests.folders import folder_of
from tests.server.runs.conftest import Listing, row

LAST_WRITE = 1_700_000_500.0


def ours(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What the SDK notes about a process of this machine."""
    return {
        "pid": process.pid,
        "process_start": _platform.process_start_time(process.pid),
        "hostname": socket.gethostname(),
        "machine_id": _platform.machine_id(),
        "boot_id": _platform.boot_id(),
        "pid_namespace": _platform.pid_namespace(),
    }


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def silent_since(folder: Path, moment: float) -> None:
    for path in folder.iterdir():
        os.utime(path, (moment, moment))


def test_a_run_whose_process_lives_goes_on(
    store: Path, make_run: Any, process: Any, list_runs: Listing
) -> None:
    make_run(store, status="running", **ours(process))
    assert [item["status"] for item in list_runs()] == ["running"]
    assert check_processes(active_root()) == (1, 0)


def test_a_run_whose_process_is_gone_has_failed(
    store: Path, make_run: Any, process: Any, list_runs: Listing, api: Any
) -> None:
    run_id = make_run(
        store, status="running", metrics=[{"loss": 1.0}], created_at=LAST_WRITE - 100, **ours(process)
    )
    list_runs()
    silent_since(folder_of(store, run_id), LAST_WRITE)
    end(process)
    run = read(api.get(f"/api/runs/{run_id}"))
    assert (run["status"], run["exit_reason"]) == ("failed", "process_not_found")
    assert (run["ended_at"], run["duration_seconds"]) == (LAST_WRITE, 100.0)
    status = json.loads((folder_of(store, run_id) / "status.json").read_text())
    assert status == {
        "status": "failed",
        "state": "failed",
        "state_reason": "The process of this run ended without an exit status. The run counts as failed.",
        "started_at": LAST_WRITE - 100,
        "ended_at": LAST_WRITE,
        "exit_reason": "process_not_found",
    }


def test_the_rule_is_applied_when_a_list_is_read(
    store: Path, make_run: Any, process: Any, list_runs: Listing, api: Any
) -> None:
    make_run(store, status="running", **ours(process))
    list_runs()
    end(process)
    dead_runs._next_check.clear()
    assert [item["status"] for item in read(api.get("/api/runs"))] == ["failed"]


def test_the_rule_can_be_asked_for(store: Path, make_run: Any, process: Any, look: Any, api: Any) -> None:
    make_run(store, status="running", **ours(process))
    make_run(store, status="running", hostname="elsewhere")
    make_run(store, status="finished")
    look()
    end(process)
    assert read(api.post("/api/status/check")) == {
        "checked": 2,
        "updated": 1,
        "message": "Checked 2 running experiments, updated 1 statuses",
    }


def test_a_reused_pid_does_not_keep_a_dead_run_alive(
    store: Path, make_run: Any, process: Any, api: Any
) -> None:
    about = ours(process)
    run_id = make_run(store, status="running", **(about | {"process_start": about["process_start"] - 500}))
    assert read(api.get(f"/api/runs/{run_id}"))["status"] == "failed"


def test_a_run_from_before_the_last_boot_has_failed(
    store: Path, make_run: Any, process: Any, api: Any
) -> None:
    run_id = make_run(store, status="running", **(ours(process) | {"boot_id": "an-earlier-boot"}))
    assert read(api.get(f"/api/runs/{run_id}"))["status"] == "failed"


@pytest.mark.parametrize(
    "other",
    [{"machine_id": "another"}, {"pid_namespace": "pid:[1]", "boot_id": "another"}],
)
def test_a_run_of_another_machine_or_container_is_not_judged(
    store: Path, make_run: Any, process: Any, other: dict[str, str], api: Any
) -> None:
    about = ours(process)
    end(process)
    run_id = make_run(store, status="running", **(about | other))
    silent_since(folder_of(store, run_id), LAST_WRITE)
    assert read(api.get(f"/api/runs/{run_id}"))["status"] == "running"


@pytest.mark.parametrize(
    ("hostname", "silent_for", "status"),
    [
        (socket.gethostname(), 120, "failed"),
        (socket.gethostname(), 10, "running"),
        ("elsewhere", 120, "running"),
        ("", 120, "running"),
    ],
)
def test_an_older_run_is_judged_by_its_host_name_once_it_is_silent(
    store: Path, make_run: Any, process: Any, hostname: str, silent_for: float, status: str, api: Any
) -> None:
    end(process)
    run_id = make_run(store, status="running", pid=process.pid, hostname=hostname)
    silent_since(folder_of(store, run_id), time.time() - silent_for)
    assert read(api.get(f"/api/runs/{run_id}"))["status"] == status


@pytest.mark.parametrize("pid", [None, "12", 0, -1, True])
def test_a_run_without_a_pid_is_not_judged(store: Path, make_run: Any, pid: Any, api: Any) -> None:
    run_id = make_run(store, status="running", pid=pid, hostname=socket.gethostname())
    silent_since(folder_of(store, run_id), LAST_WRITE)
    assert read(api.get(f"/api/runs/{run_id}"))["status"] == "running"


def test_a_finish_that_comes_later_wins(store: Path, make_run: Any, process: Any, api: Any) -> None:
    run_id = make_run(store, status="running", **ours(process))
    end(process)
    assert read(api.get(f"/api/runs/{run_id}"))["status"] == "failed"
    (folder_of(store, run_id) / "status.json").write_text(
        '{"status": "finished", "started_at": 1, "ended_at": 2}'
    )
    run = read(api.get(f"/api/runs/{run_id}"))
    assert (run["status"], run["exit_reason"]) == ("finished", None)


def test_a_run_that_finished_meanwhile_keeps_its_status(
    store: Path, make_run: Any, process: Any, look: Any
) -> None:
    run_id = make_run(store, status="running", **ours(process))
    look()
    (folder_of(store, run_id) / "status.json").write_text('{"status": "finished", "ended_at": 1700000000}')
    end(process)
    check_processes(active_root())
    assert row(run_id).status == "finished"
    assert "finished" in (folder_of(store, run_id) / "status.json").read_text()


def test_a_run_that_was_resumed_meanwhile_goes_on(
    store: Path, make_run: Any, process: Any, look: Any
) -> None:
    run_id = make_run(store, status="running", **ours(process))
    look()
    end(process)
    meta = folder_of(store, run_id) / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"pid": os.getpid()}))
    assert check_processes(active_root()) == (1, 0)
    assert "running" in (folder_of(store, run_id) / "status.json").read_text()


def test_a_deleted_run_is_left_alone(store: Path, make_run: Any, process: Any, look: Any) -> None:
    run_id = make_run(store, status="running", **ours(process))
    (folder_of(store, run_id) / ".deleted").write_text("{}")
    look()
    end(process)
    assert check_processes(active_root()) == (0, 0)
