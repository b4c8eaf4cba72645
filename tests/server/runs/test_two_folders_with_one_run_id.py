from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from runs.active_root import active_root
from runs.index import discovery
from tests.answers import read
from tests.folders import folder_of
from tests.server.runs.conftest import Listing

RUN_ID = "20260101_000000_abc123"
OLDER, NEWER = 1_700_000_000.0, 1_700_000_100.0


@pytest.fixture
def doubled(store: Path, make_run: Any) -> Path:
    """A store with two runs of one id; the newer is in project `b`."""
    make_run(store, project="b", run_id=RUN_ID, created_at=NEWER)
    make_run(store, project="a", run_id=RUN_ID, created_at=OLDER)
    return store


def test_the_newer_folder_is_shown_with_a_warning(doubled: Path, list_runs: Listing, api: Any) -> None:
    assert [(item["id"], item["project"]) for item in list_runs()] == [(RUN_ID, "b")]
    discovery.tick(active_root())
    run = read(api.get(f"/api/runs/{RUN_ID}"))
    assert run["project"] == "b"
    assert run["warnings"] == [
        f"Other folders have the same run id; this one is the newest: a/resnet/runs/{RUN_ID}"
    ]


def test_a_newer_folder_that_appears_later_takes_over(store: Path, make_run: Any, list_runs: Listing) -> None:
    make_run(store, project="a", run_id=RUN_ID, created_at=OLDER)
    assert [item["project"] for item in list_runs()] == ["a"]
    make_run(store, project="b", run_id=RUN_ID, created_at=NEWER)
    assert [item["project"] for item in list_runs()] == ["b"]


def test_the_older_folder_is_shown_when_the_newer_is_removed(
    doubled: Path, list_runs: Listing, api: Any
) -> None:
    list_runs()
    discovery.tick(active_root())
    shutil.rmtree(doubled / "b" / "resnet" / "runs" / RUN_ID)
    assert [item["project"] for item in list_runs()] == ["a"]
    assert read(api.get(f"/api/runs/{RUN_ID}"))["warnings"] == []


def test_the_warning_disappears_with_the_older_folder(doubled: Path, list_runs: Listing, api: Any) -> None:
    list_runs()
    discovery.tick(active_root())
    shutil.rmtree(doubled / "a" / "resnet" / "runs" / RUN_ID)
    list_runs()
    assert read(api.get(f"/api/runs/{RUN_ID}"))["warnings"] == []


def test_the_warning_stays_when_the_run_changes(doubled: Path, list_runs: Listing, api: Any) -> None:
    list_runs()
    discovery.tick(active_root())
    (doubled / "b" / "resnet" / "runs" / RUN_ID / "summary.json").write_text('{"x": 1}')
    run = read(api.get(f"/api/runs/{RUN_ID}"))
    assert run["summary"] == {"x": 1}
    assert len(run["warnings"]) == 1


def test_a_run_that_moved_is_no_second_run(store: Path, make_run: Any, list_runs: Listing, api: Any) -> None:
    make_run(store, project="a", run_id=RUN_ID)
    list_runs()
    os.renames(folder_of(store, RUN_ID), store / "c" / "moved" / "runs" / RUN_ID)
    run = read(api.get(f"/api/runs/{RUN_ID}"))
    assert run["run_dir"] == str(store / "c" / "moved" / "runs" / RUN_ID)
    assert run["warnings"] == []
    assert len(list_runs()) == 1
