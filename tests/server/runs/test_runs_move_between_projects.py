"""A run is moved to another project by `project` in its `curation.json`; its folder stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from runs.models import Run

MakeRun = Callable[..., str]


def project_of(api: APIClient, run_id: str) -> str:
    project: str = api.get(f"/api/runs/{run_id}").json()["project"]
    return project


def test_a_run_is_moved_and_moved_back(api: APIClient, store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store, project="old", name="n")
    folder = store / "old" / "n" / "runs" / run_id
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    answer = api.patch(f"/api/runs/{run_id}", {"project": "new"})
    assert (answer.status_code, answer.json()["project"]) == (200, "new")
    assert answer.json()["run_dir"] == str(folder)
    assert json.loads((folder / "curation.json").read_text())["project"] == "new"
    assert {path: path.read_bytes() for path in before} == before
    for query, expected in (("new", [run_id]), ("old", [])):
        items = api.get("/api/v2/experiments", {"project": query}).json()["experiments"]
        assert [item["id"] for item in items] == expected
        searched = api.get("/api/v2/experiments", {"search": query}).json()["experiments"]
        assert [item["id"] for item in searched] == expected
    assert api.get("/api/projects").json()["projects"] == ["new"]
    Run.objects.all().delete()
    assert project_of(api, run_id) == "new"
    assert api.patch(f"/api/runs/{run_id}", {"project": ""}).json()["project"] == "old"


def test_several_runs_are_moved_and_the_answer_tells_how_to_undo_it(
    api: APIClient, store: Path, make_run: MakeRun
) -> None:
    first, second = make_run(store, project="a"), make_run(store, project="b")
    running = make_run(store, project="a", status="running")
    uploading = make_run(store, project="a", name="n")
    status = store / "a" / "n" / "runs" / uploading / "status.json"
    status.write_text(json.dumps(json.loads(status.read_text()) | {"journal_bytes": 10_000}))
    ids = [first, second, running, uploading, "20260101_000000_ffffff"]
    answer = api.post("/api/runs/move", {"run_ids": ids, "project": "c"}).json()
    assert (answer["updated"], answer["previous"]) == (2, {first: "a", second: "b"})
    assert [answer["results"][run_id].get("error") for run_id in ids] == [
        None,
        None,
        "the run is still running; move it when it has ended",
        "the run is still being uploaded; move it when the upload is complete",
        "run not found",
    ]
    assert [project_of(api, run_id) for run_id in ids[:4]] == ["c", "c", "a", "a"]
    for run_id, project in answer["previous"].items():
        api.post("/api/runs/move", {"run_ids": [run_id], "project": project})
    assert [project_of(api, run_id) for run_id in ids[:2]] == ["a", "b"]


def test_a_running_run_is_not_moved(api: APIClient, store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store, project="old", status="running")
    answer = api.patch(f"/api/runs/{run_id}", {"project": "new", "pinned": True})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "Not moved: the run is still running; move it when it has ended"
    assert (project_of(api, run_id), api.get(f"/api/runs/{run_id}").json()["pinned"]) == ("old", False)


@pytest.mark.parametrize("project", ["a/b", "..", ".x", "runs", "x" * 101, "a\nb", 5])
def test_a_project_that_cannot_be_a_folder_is_refused(
    api: APIClient, store: Path, make_run: MakeRun, project: Any
) -> None:
    run_id = make_run(store, project="old")
    for answer in (
        api.patch(f"/api/runs/{run_id}", {"project": project}),
        api.post("/api/runs/move", {"run_ids": [run_id], "project": project}),
    ):
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["project"])
    assert project_of(api, run_id) == "old"


@pytest.mark.parametrize("project", ["../x", ["new"], 7, {}, "x" * 200, "artifacts"])
def test_an_invalid_project_in_the_file_is_ignored(
    api: APIClient, store: Path, make_run: MakeRun, project: Any
) -> None:
    run_id = make_run(store, project="old", name="n")
    path = store / "old" / "n" / "runs" / run_id / "curation.json"
    path.write_text(json.dumps({"project": project}))
    assert project_of(api, run_id) == "old"
