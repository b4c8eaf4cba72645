"""What `init` and `finish` leave on disk, as the format documents it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import _platform
from runicorn.settings import user
from runicorn.store import layout
from tests.sdk.tracking.scripts import Recorded


def test_the_folder_is_below_project_and_experiment(begin: Callable[..., rn.Run], folder: Path) -> None:
    run = begin("vision", "resnet 小型")
    assert run.run_dir == folder / "vision" / "resnet 小型" / "runs" / run.id
    assert layout.is_run_id(run.id)
    assert (run.media_dir, run.runs_dir) == (run.run_dir / "media", run.run_dir.parent)
    assert (run.experiment_dir, run.project_dir) == (folder / "vision" / "resnet 小型", folder / "vision")
    assert (run.project, run.name, run.storage_root) == ("vision", "resnet 小型", folder)


def test_meta_has_project_host_and_time(begin: Callable[..., rn.Run], folder: Path) -> None:
    before = time.time()
    run = begin(tags=["a", "b", "a"], notes="why", group="sweep")
    meta = Recorded(run.run_dir).json("meta")
    assert before <= meta["created_at"] <= time.time()
    assert {key: meta[key] for key in ("id", "project", "name", "pid", "hostname", "storage_dir")} == {
        "id": run.id,
        "project": "p",
        "name": "n",
        "pid": os.getpid(),
        "hostname": socket.gethostname(),
        "storage_dir": str(folder),
    }
    assert (meta["tags"], meta["notes"], meta["group"]) == (["a", "b"], "why", "sweep")


def test_meta_identifies_process_and_host(begin: Callable[..., rn.Run]) -> None:
    meta = Recorded(begin().run_dir).json("meta")
    assert meta["process_start"] == _platform.process_start_time(os.getpid())
    assert meta["machine_id"] and meta["boot_id"] == _platform.boot_id()
    assert meta["pid_namespace"] == _platform.pid_namespace()
    assert not _platform.process_gone(meta["pid"], meta["process_start"], meta["boot_id"])


def test_one_tag_may_be_a_text(begin: Callable[..., rn.Run]) -> None:
    assert Recorded(begin(tags="baseline").run_dir).json("meta")["tags"] == ["baseline"]


def test_labels_need_not_be_text(begin: Callable[..., rn.Run]) -> None:
    meta = Recorded(begin(tags=(1, 2.5), notes=Path("a"), group=3).run_dir).json("meta")
    assert (meta["tags"], meta["notes"], meta["group"]) == (["1", "2.5"], "a", "3")


def test_the_status_is_running_and_then_finished(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    on_disk = Recorded(run.run_dir)
    began = on_disk.json("status")
    assert began["status"] == "running" and set(began) == {"status", "state", "started_at"}
    run.finish()
    ended = on_disk.json("status")
    assert ended["status"] == "finished" and ended["started_at"] == began["started_at"] <= ended["ended_at"]


def test_finish_accepts_the_documented_statuses_and_counts_once(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    with pytest.raises(ValueError, match="Status must be one of finished, failed, interrupted"):
        run.finish("done")
    run.finish("failed")
    run.finish("finished")
    assert Recorded(run.run_dir).status == "failed"


def test_beginning_and_ending_change_the_time_of_the_runs_folder(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    for action in (run.finish, lambda: begin(run_id=run.id, resume=True)):
        os.utime(run.run_dir.parent, (1, 1))
        action()
        assert run.run_dir.parent.stat().st_mtime > 1


def test_nothing_is_left_beside_the_documented_files(
    begin: Callable[..., rn.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runicorn.capture.background.PATIENCE", 60.0)
    with begin(config={"lr": 1}, capture_env=True) as run:
        run.log({"loss": 1.0})
        run.log_text("words")
        run.summary({"a": 1})
    names = {"meta.json", "status.json", "config.json", "summary.json", "events.jsonl", "logs.txt"}
    names.add("environment.json")
    assert {path.name for path in run.run_dir.iterdir()} == names


def test_the_start_line_names_the_command_that_shows_it(
    begin: Callable[..., rn.Run], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin()
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"runicorn: run p/n {run.id}; to view it: runicorn viewer --storage {folder}\n"


def test_the_command_is_named_once_for_all_runs_of_a_process_and_a_root(
    begin: Callable[..., rn.Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for root in ("a", "a", "b"):
        begin(storage=tmp_path / root)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("; to view it: ")[2] for line in lines] == [
        f"runicorn viewer --storage {tmp_path / root}" for root in ("a", "b")
    ]


def test_the_page_of_every_run_is_named_while_a_viewer_is_running(
    begin: Callable[..., rn.Run], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = begin()
    user.register_viewer("http://127.0.0.1:23300/", folder, token_needed=False)
    runs = [begin(), begin()]
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition("/")[2] for line in lines[1:]] == [run.id for run in runs]
    assert first.id in lines[0]


def test_the_start_line_names_the_page_when_a_viewer_of_this_store_is_running(
    begin: Callable[..., rn.Run], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    user.register_viewer("http://127.0.0.1:23300/", folder, token_needed=False)
    run = begin()
    assert capsys.readouterr().err == f"runicorn: run p/n: http://127.0.0.1:23300/runs/{run.id}\n"


def test_a_viewer_of_another_store_is_not_named(
    begin: Callable[..., rn.Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    user.register_viewer("http://127.0.0.1:23300", tmp_path / "other", token_needed=False)
    begin()
    assert "127.0.0.1:23300" not in capsys.readouterr().err
