from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from runs.active_root import active_root
from runs.errors import OutsideRoot
from runs.services.dead_runs import check_processes
from runs.services.recycle_bin import soft_delete_runs
from tests.folders import folder_of
from tests.server.runs.conftest import Listing, row
from tests.server.runs.test_a_dead_process_fails_its_run import end, ours

INSIDE = "20260101_000000_111111"
OUTSIDE = "20260101_000000_222222"


@pytest.fixture
def outside(store: Path, tmp_path: Path, make_run: Any) -> Path:
    """Another store beside the one that is open, with a run of its own."""
    make_run(store, run_id=INSIDE)
    make_run(tmp_path / "elsewhere", run_id=OUTSIDE, logs="secret\n")
    return tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("linked", "vision"),
        ("vision/linked", "vision/resnet"),
        ("vision/empty/runs", "vision/resnet/runs"),
        ("vision/resnet/runs/20260101_000000_333333", f"vision/resnet/runs/{OUTSIDE}"),
        ("runs", "vision/resnet/runs"),
    ],
)
def test_a_link_out_of_the_store_is_reported_and_not_followed(
    store: Path, outside: Path, link: str, target: str, list_runs: Listing, api: Any
) -> None:
    (store / link).parent.mkdir(exist_ok=True)
    (store / link).symlink_to(outside / target)
    assert [item["id"] for item in list_runs()] == [INSIDE]
    assert api.get(f"/api/runs/{OUTSIDE}").status_code == 404
    active_root().refresh_from_db()
    assert active_root().problems == [
        f"{link} is a link that leads out of the storage root and is not followed."
    ]


def test_a_link_that_stays_inside_lists_nothing_twice(
    store: Path, outside: Path, list_runs: Listing, api: Any
) -> None:
    (store / "vision" / "resnet" / "runs" / "latest").symlink_to(folder_of(store, INSIDE))
    (store / "again").symlink_to(store / "vision")
    assert [item["id"] for item in list_runs()] == [INSIDE]
    active_root().refresh_from_db()
    assert active_root().problems == []


def test_a_run_that_becomes_a_link_is_not_served(
    store: Path, outside: Path, list_runs: Listing, api: Any
) -> None:
    list_runs()
    folder = folder_of(store, INSIDE)
    shutil.rmtree(folder)
    folder.symlink_to(folder_of(outside, OUTSIDE))
    for address in ("", "/logs", "/media", "/artifacts"):
        assert api.get(f"/api/runs/{INSIDE}{address}").status_code == 404
    with pytest.raises(OutsideRoot):
        _ = row(INSIDE).path
    results = soft_delete_runs(root=active_root(), run_ids=[INSIDE])
    assert results[INSIDE] == {"success": False, "error": "run not found"}
    assert not (folder_of(outside, OUTSIDE) / ".deleted").exists()
    assert list_runs() == []


def test_a_log_that_is_a_link_is_not_served(store: Path, outside: Path, api: Any) -> None:
    (folder_of(store, INSIDE) / "logs.txt").symlink_to(folder_of(outside, OUTSIDE) / "logs.txt")
    assert api.get(f"/api/runs/{INSIDE}/logs").status_code == 404


def test_a_running_run_that_becomes_a_link_does_not_hide_a_dead_one(
    store: Path, outside: Path, make_run: Any, process: Any, look: Any
) -> None:
    linked, dead = (make_run(store, status="running", **ours(process)) for _ in range(2))
    look()
    end(process)
    shutil.rmtree(folder_of(store, linked))
    (store / "vision" / "resnet" / "runs" / linked).symlink_to(folder_of(outside, OUTSIDE))
    assert check_processes(active_root()) == (2, 1)
    assert row(dead).status == "failed"
