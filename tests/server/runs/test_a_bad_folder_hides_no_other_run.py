from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runicorn.store import layout
from runs.active_root import activate, active_root
from runs.index import discovery
from runs.store import reader
from tests.answers import read
from tests.folders import folder_of
from tests.server.runs.conftest import Listing, row

BAD = "20260101_000000_bad000"
GOOD = "20260101_000000_900d00"


@pytest.fixture
def bad(store: Path, make_run: Callable[..., str]) -> Path:
    """The folder of a run beside a good one."""
    make_run(store, run_id=GOOD)
    make_run(store, run_id=BAD, summary={"accuracy": 0.5}, config={"lr": 0.1})
    return folder_of(store, BAD)


def empty(folder: Path) -> None:
    for path in [*folder.iterdir()]:
        path.rmdir() if path.is_dir() else path.unlink()


def test_an_empty_folder_is_not_listed(bad: Path, list_runs: Listing, api: Any) -> None:
    empty(bad)
    assert {item["id"]: item["status"] for item in list_runs()} == {GOOD: "finished"}
    assert api.get(f"/api/runs/{BAD}").status_code == 404


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("meta.json", "{", "meta.json is not valid JSON."),
        ("meta.json", "[1, 2]", "meta.json is not a JSON object."),
        ("meta.json", '{"project": "a/b", "name": "n"}', "'a/b' for project"),
        ("meta.json", '{"project": 5, "name": "n"}', "'int' for project"),
        ("status.json", '{"status": "run', "status.json is not valid JSON."),
        ("status.json", '{"status": 7}', "status.json has no status."),
        ("summary.json", '{"best_metric_value": "high"}', "summary.json: best_metric_value is not a number."),
        ("summary.json", '{"loss": NaN}', "holds NaN or an infinity for 'loss'"),
        ("config.json", "\x00\xff", "config.json is not valid JSON."),
        ("config.json", "[" * 100_000, "config.json is not valid JSON."),
        ("curation.json", "null", "curation.json is not a JSON object."),
    ],
)
def test_a_damaged_run_shows_its_data_and_its_problems(
    bad: Path, file: str, content: str, sentence: str, list_runs: Listing, api: Any
) -> None:
    (bad / file).write_text(content, encoding="latin-1")
    old = 1_700_000_000
    os.utime(bad / file, (old, old))
    assert {item["id"] for item in list_runs()} == {BAD, GOOD}
    warnings = read(api.get(f"/api/runs/{BAD}"))["warnings"]
    assert any(sentence in warning for warning in warnings), warnings


def test_an_unknown_status_is_shown_unchanged(bad: Path, list_runs: Listing) -> None:
    (bad / "status.json").write_text('{"status": "paused"}')
    assert {item["id"]: item["status"] for item in list_runs()}[BAD] == "paused"


def test_nan_in_a_summary_is_null_and_never_the_best(bad: Path, api: Any) -> None:
    (bad / "summary.json").write_text(
        '{"best_metric_value": NaN, "best_metric_name": "loss", "x": [Infinity, 1]}'
    )
    run = read(api.get(f"/api/runs/{BAD}"))
    assert run["best_metric_value"] is None
    assert run["summary"] == {"best_metric_value": None, "best_metric_name": "loss", "x": [None, 1]}


def test_a_number_of_any_size_is_answered(bad: Path, api: Any) -> None:
    (bad / "summary.json").write_text(
        f'{{"big": {10**30}, "huge": {10**400}, "best_metric_value": {10**400}}}'
    )
    run = read(api.get(f"/api/runs/{BAD}"))
    assert run["summary"]["big"] == 1e30
    assert run["summary"]["huge"] is None


def test_a_folder_of_another_tool_is_listed_under_its_place(store: Path, list_runs: Listing) -> None:
    folder = store / "other" / "tool" / "runs" / "exp-1"
    folder.mkdir(parents=True)
    (folder / "events.jsonl").write_text("")
    (item,) = list_runs()
    assert (item["project"], item["name"], item["id"]) == ("other", "tool", "exp-1")


def test_a_file_where_a_folder_should_be_is_no_run(bad: Path, list_runs: Listing) -> None:
    (bad.parent / "notes.txt").write_text("not a run")
    (bad.parent / ".hidden").mkdir()
    assert {item["id"] for item in list_runs()} == {BAD, GOOD}


def test_a_small_file_that_is_a_pipe_or_a_link_is_not_read(
    bad: Path, tmp_path: Path, api: Any, look: Any
) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"password": "hunter2"}')
    (bad / "summary.json").unlink()
    (bad / "summary.json").symlink_to(secret)
    (bad / "config.json").unlink()
    os.mkfifo(bad / "config.json")
    look()
    run = read(api.get(f"/api/runs/{BAD}"))
    assert run["summary"] == run["config"] == {}
    assert len(run["warnings"]) == 2


def test_a_folder_name_that_is_not_text_is_reported(bad: Path, list_runs: Listing) -> None:
    os.mkdir(os.fsencode(bad.parent) + b"/\xff\xfe")
    assert {item["id"] for item in list_runs()} == {BAD, GOOD}
    active_root().refresh_from_db()
    assert active_root().problems == ["A folder in vision/resnet/runs has no readable name."]


def test_an_artifact_or_hidden_folder_is_no_project(store: Path, make_run: Any, list_runs: Listing) -> None:
    for project in ("artifacts", "evaluations", ".runicorn", ".cache"):
        make_run(store, project=project)
    assert list_runs() == []


def test_a_half_written_status_does_not_change_the_row(
    store: Path, make_run: Any, look: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A loaded machine may take longer from the write to the read than a write in place is allowed to take.
    monkeypatch.setattr(reader, "UNSETTLED_SECONDS", 3600)
    run_id = make_run(store, status="running")
    look()
    # Runicorn 0.5 rewrites in place: for a moment the file is empty.
    (folder_of(store, run_id) / "status.json").write_text("")
    assert read(api.get(f"/api/runs/{run_id}"))["status"] == "running"
    (folder_of(store, run_id) / "status.json").write_text('{"status": "finished"}')
    assert read(api.get(f"/api/runs/{run_id}"))["status"] == "finished"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
known_keys = st.sampled_from(
    [
        "project",
        "name",
        "created_at",
        "pid",
        "process_start",
        "hostname",
        "machine_id",
        "tags",
        "notes",
        "group",
        "status",
        "started_at",
        "ended_at",
        "exit_reason",
        "best_metric_value",
        "best_metric_name",
        "best_metric_step",
        "best_metric_mode",
        "deleted_at",
        "reason",
        "original_status",
        "artifacts",
        "pinned",
    ]
)
contents = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda value: json.dumps(value).encode(), json_values),
    st.builds(
        lambda value: json.dumps(value).encode(),
        st.dictionaries(known_keys | st.text(max_size=10), json_values, max_size=8),
    ),
)
files = st.sampled_from(
    [
        layout.META,
        layout.STATUS,
        layout.SUMMARY,
        layout.CONFIG,
        layout.CURATION,
        layout.DELETED,
        layout.ARTIFACTS_CREATED,
        layout.ARTIFACTS_USED,
        layout.ENVIRONMENT,
        layout.EVENTS,
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(folder=st.dictionaries(files, contents, max_size=6))
def test_nothing_in_a_folder_hides_another_run(
    tmp_path_factory: pytest.TempPathFactory,
    home: Path,
    db: None,
    make_run: Any,
    api: Any,
    folder: dict[str, bytes],
) -> None:
    root = tmp_path_factory.mktemp("store")
    activate(root)
    make_run(root, run_id=GOOD)
    hostile = root / "vision" / "resnet" / "runs" / BAD
    hostile.mkdir()
    for name, content in folder.items():
        (hostile / name).write_bytes(content)
    discovery.full(active_root())
    items = read(api.get("/api/runs"))
    run_ids = {item["id"] for item in items} | {
        run["id"] for run in read(api.get("/api/recycle-bin"))["deleted_runs"]
    }
    is_run = bool(folder.keys() - {layout.CURATION, layout.DELETED})
    assert run_ids == ({BAD, GOOD} if is_run else {GOOD})
    for run_id in run_ids - ({BAD} if is_run and row(BAD).deleted is not None else set()):
        read(api.get(f"/api/runs/{run_id}"))
        read(api.get(f"/api/runs/{run_id}/media"))
        read(api.get(f"/api/runs/{run_id}/artifacts"))
        read(api.get(f"/api/environment/{run_id}"))


def test_a_bad_run_can_be_deleted_at_once(bad: Path, list_runs: Listing, api: Any) -> None:
    (bad / "meta.json").write_text("{")
    list_runs()
    (bad / "status.json").unlink()
    assert read(api.post("/api/runs/soft-delete", {"run_ids": [BAD]}))["deleted_count"] == 1
    assert [item["id"] for item in read(api.get("/api/runs"))] == [GOOD]
