"""`import-from wandb entity/project`: the runs of a project through W&B's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runicorn.store import curation, layout
from runicorn_importers.wandb import online
from runicorn_importers.wandb.server import Server
from runicorn_importers.writing.writer import ImportReport, import_experiments
from runicorn_tools.cli import app
from tests.fixtures.foreign.make import PNG
from tests.importers.test_import_of_trackers import journal, points, run_import, runs, small
from tests.importers.wandb_server import Project, serving
from tests.secrecy import holds, secret

ROWS = 2500


def run_node(name: str, rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    about = {
        "name": name,
        "displayName": f"{name} run",
        "state": "finished",
        "tags": ["base"],
        "notes": "a note",
        "group": "g1",
        "jobType": "train",
        "config": json.dumps({"lr": {"value": 0.1, "desc": None}, "_wandb": {"value": {}}}),
        "summaryMetrics": json.dumps(
            {"best": 0.9, "deep": {"q": 1}, "_step": 1, "seen": {"_type": "image-file"}}
        ),
        "createdAt": "2025-11-01T00:00:00Z",
        "heartbeatAt": "2025-11-01T01:00:00Z",
        "historyLineCount": len(rows),
        "historyKeys": {"lastStep": rows[-1]["_step"]},
    }
    return {**about, "rows": rows, "events": [], "files": {}, **more}


@pytest.fixture
def project() -> Iterator[Project]:
    dense = [{"_step": n, "_timestamp": 1.7e9 + n, "loss": n / 8, "deep": {"er": n}} for n in range(ROWS)]
    dense[-1]["loss"] = "NaN"
    dense[3]["seen"] = {"_type": "image-file", "path": "media/images/seen.png", "caption": "grey"}
    sparse = [{"_step": n, "_timestamp": 1.7e9, "loss": 1.0} for n in (0, 5, 10_000_000)]
    files = {"media/images/seen.png": PNG, "output.log": b"a line of the log\n", "code/train.py": b"pass"}
    events = [{"_timestamp": 1.7e9, "system.cpu": 50.0}]
    nodes = [
        run_node("dense", dense, events=events, files=files),
        run_node("sparse", sparse, state="crashed"),
    ]
    with serving(Project(nodes)) as served:
        yield served


def import_from(project: Project, root: Path, pauses: list[float] | None = None) -> ImportReport:
    waited = [] if pauses is None else pauses
    server = Server(project.url, project.key, waited.append)
    return import_experiments(root, online.read(server, "team", "vision", root))


def test_all_rows_media_and_statistics_of_a_project_are_imported(
    project: Project, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", project.url)
    monkeypatch.setenv("WANDB_API_KEY", project.key)
    answer = run_import("wandb", Path("team/vision"), folder)
    assert (answer["taken"], answer["compared"]["different"], answer["left"]) == (2, 0, [])
    dense, sparse = runs(folder)["vision/dense run"], runs(folder)["vision/sparse run"]
    assert points(dense, "loss") == [(n, n / 8) for n in range(ROWS - 1)]
    assert points(dense, "deep.er")[-1] == (ROWS - 1, ROWS - 1)
    assert small(dense, layout.CONFIG) == {"lr": 0.1, "wandb.job_type": "train"}
    assert small(dense, layout.SUMMARY) == {"best": 0.9, "deep.q": 1}
    about = small(dense, layout.META)
    assert (about["tags"], about["notes"], about["group"]) == (["base"], "a note", "g1")
    assert journal(dense, "system")[0]["system/cpu"] == 50.0
    (image,) = journal(dense, "image")
    assert (dense / image["path"]).read_bytes() == PNG and image["caption"] == "grey"
    assert (dense / layout.LOGS).read_text() == "a line of the log\n"
    assert points(sparse, "loss") == [(0, 1.0), (5, 1.0), (10_000_000, 1.0)]
    assert small(sparse, layout.STATUS)["status"] == layout.FAILED
    pages = [variables for operation, variables in project.asked if operation == "HistoryPage"]
    assert len([page for page in pages if page["run"] == "sparse"]) < 20
    # The key goes to the API only, not to the storage of the files.
    assert {sent_key for path, sent_key in project.keys if path != "/graphql"} == {None}
    assert not list((folder / curation.PRIVATE / "imports").glob("wandb-*"))
    project.asked.clear()
    assert run_import("wandb", Path("team/vision"), folder)["unchanged"] == 2
    assert {operation for operation, _ in project.asked} == {"Runs"}


def test_an_interrupted_import_continues_with_the_missing_pages(project: Project, folder: Path) -> None:
    project.broken_from = 2000
    first = import_from(project, folder)
    assert (first.counts["taken"], first.counts["failed"]) == (0, 2)
    project.broken_from = None
    project.asked.clear()
    assert import_from(project, folder).counts["taken"] == 2
    pages = [
        page for operation, page in project.asked if operation == "HistoryPage" and page["run"] == "dense"
    ]
    assert [page["minStep"] for page in pages] == [2000]
    assert len(points(runs(folder)["vision/dense run"], "deep.er")) == ROWS


def test_a_rate_limit_is_waited_out_as_the_server_asks(project: Project, folder: Path) -> None:
    project.limited, pauses = 2, list[float]()
    assert import_from(project, folder, pauses).counts["taken"] == 2
    assert pauses == [7.0, 7.0]


def test_a_run_that_grew_on_the_server_is_updated(project: Project, folder: Path) -> None:
    sparse = project.runs[1]
    import_from(project, folder)
    sparse["rows"].append({"_step": 10_000_001, "_timestamp": 1.7e9 + 1, "loss": 0.5})
    sparse |= {"historyLineCount": 4, "historyKeys": {"lastStep": 10_000_001}, "state": "finished"}
    assert import_from(project, folder).counts == {"taken": 0, "updated": 1, "unchanged": 1, "failed": 0}
    assert points(runs(folder)["vision/sparse run"], "loss")[-1] == (10_000_001, 0.5)


def test_missing_rows_are_reported(project: Project, folder: Path) -> None:
    project.runs[1]["historyLineCount"] = 9
    assert any(
        "names 9 rows of history and returned 3" in sentence
        for sentence in import_from(project, folder).omissions
    )


def test_the_key_is_found_in_the_netrc_file_and_a_missing_key_is_reported(
    project: Project, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", project.url)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    words = ["import-from", "wandb", "team/vision", "--storage", str(folder)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2 and "WANDB_API_KEY" in result.stderr
    holds(tmp_path / "netrc").write_text(f"machine 127.0.0.1 login user password {project.key}\n")
    (tmp_path / "netrc").chmod(0o600)
    assert CliRunner().invoke(app, words).stdout.endswith("taken 2, updated 0, unchanged 0, failed 0\n")
    monkeypatch.setenv("WANDB_API_KEY", secret())
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 1 and "refused the API key" in refused.stderr
    monkeypatch.setenv("WANDB_API_KEY", project.key)
    words[2] = "team/other"
    missing = CliRunner().invoke(app, words)
    assert missing.exit_code == 1 and "team/other" in missing.stderr
