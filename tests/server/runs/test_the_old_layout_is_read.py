from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.answers import read
from tests.folders import folder_of
from tests.server.runs.conftest import Listing

RUN_ID = "20240101_000000_abc123"


def test_a_run_of_the_old_layout_is_listed_under_its_project(
    store: Path, make_run: Any, list_runs: Listing
) -> None:
    make_run(store, project="old", name="exp", run_id=RUN_ID)
    (store / "runs").mkdir()
    folder_of(store, RUN_ID).rename(store / "runs" / RUN_ID)
    (item,) = list_runs()
    assert (item["id"], item["project"], item["name"]) == (RUN_ID, "old", "exp")
    assert item["run_dir"] == str(store / "runs" / RUN_ID)


def test_a_run_without_a_project_is_in_the_default_project(store: Path, list_runs: Listing, api: Any) -> None:
    (store / "runs" / RUN_ID).mkdir(parents=True)
    (store / "runs" / RUN_ID / "logs.txt").write_text("a word\n")
    (item,) = list_runs()
    assert (item["project"], item["name"]) == ("default", "default")
    assert read(api.get(f"/api/runs/{RUN_ID}"))["status"] == "unknown"


def test_a_run_of_the_old_layout_is_found_by_its_id_before_any_listing(
    store: Path, make_run: Any, api: Any
) -> None:
    make_run(store, run_id=RUN_ID)
    (store / "runs").mkdir()
    folder_of(store, RUN_ID).rename(store / "runs" / RUN_ID)
    assert read(api.get(f"/api/runs/{RUN_ID}"))["id"] == RUN_ID
