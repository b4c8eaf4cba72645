"""`runicorn watch`: the files of other trackers become runs, which grow with them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runicorn.store import find, layout
from runicorn_importers.watching.watch import Watcher
from runicorn_tools.cli import app
from runicorn_tools.export.tensorboard_events import event
from tests.importers.test_import_of_trackers import (
    TRACKERS,
    journal,
    points,
    run_import,
    runs,
    small,
    unpacked,
)
from tests.importers.test_repeated_imports import event_file, long_ago
from tests.processes import environment
from tests.waiting import until


def append(file: Path, steps: range) -> None:
    with file.open("ab") as events:
        for step in steps:
            events.write(event(1.7e9 + step, step, {"loss": float(step)}))


def watch_once(root: Path, *words: object) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, ["watch", *map(str, words), "--once", "--storage", str(root)])
    return result.exit_code, result.output.splitlines()


@contextmanager
def watching(root: Path, home: Path, *paths: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "runicorn",
            "watch",
            *map(str, paths),
            "--interval",
            "0.2",
            "--storage",
            str(root),
        ],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_run_grows_with_its_event_file_by_appending(tmp_path: Path, folder: Path, home: Path) -> None:
    logs = tmp_path / "logs"
    file = event_file(logs / "a", 3)
    with watching(folder, home, logs) as process:
        run = until(lambda: runs(folder).get("logs/a"))
        until(lambda: len(points(run, "loss")) == 3)
        first = (run / layout.EVENTS).stat().st_ino
        assert small(run, layout.STATUS)["status"] == layout.RUNNING
        append(file, range(3, 50))
        until(lambda: len(points(run, "loss")) == 50)
        assert points(run, "loss") == [(step, float(step)) for step in range(50)]
        assert (run / layout.EVENTS).stat().st_ino == first
        event_file(logs / "b", 2)
        assert process.stdout is not None
        new, also_new = process.stdout.readline(), process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert ("logs/a" in new, "logs/b" in also_new) == (True, True)
    assert output.strip() == "taken 2, updated 0, unchanged 0, failed 0"


@pytest.mark.parametrize("tracker", TRACKERS)
def test_one_pass_imports_what_import_from_imports(tracker: str, tmp_path: Path, folder: Path) -> None:
    source = unpacked(tracker, tmp_path)
    (other := tmp_path / "other").mkdir()
    answer = run_import(tracker, source, other)
    code, output = watch_once(folder, tmp_path)
    assert (code, output[-1]) == (0, f"taken {answer['taken']}, updated 0, unchanged 0, failed 0")
    journals = [
        sorted(json.dumps(journal(root / run)) for run in find.all_runs(root)) for root in (folder, other)
    ]
    assert journals[0] == journals[1] != []
    assert watch_once(folder, tmp_path)[1][-1] == f"taken 0, updated 0, unchanged {answer['taken']}, failed 0"


def test_changed_values_and_a_torn_line_are_written_anew(tmp_path: Path, folder: Path) -> None:
    logs = tmp_path / "logs"
    file = event_file(logs / "a", 5)
    watch_once(folder, logs)
    run = runs(folder)["logs/a"]
    with (run / layout.EVENTS).open("ab") as events:
        events.write(b'{"ts": 1.7e9, "type": "met')  # killed in the middle of an append
    append(file, range(5, 8))
    assert watch_once(folder, logs)[1][-1] == "taken 0, updated 1, unchanged 0, failed 0"
    assert points(run, "loss") == [(step, float(step)) for step in range(8)]
    file.write_bytes(b"".join(event(1.7e9 + step, step, {"loss": -float(step)}) for step in range(9)))
    watch_once(folder, logs)
    assert points(run, "loss") == [(step, -float(step)) for step in range(9)]
    assert len(journal(run)) == 9


def test_a_silent_run_ends_without_a_change_of_its_file(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = event_file(tmp_path / "logs" / "a", 3)
    watcher = Watcher(folder, (tmp_path / "logs",))
    assert watcher.scan().counts["taken"] == 1 and watcher.scan().items == []
    monkeypatch.setattr("runicorn_importers.watching.watch.OPEN_SECONDS", -1.0)
    long_ago(file)
    assert watcher.scan().counts["updated"] == 1
    assert small(runs(folder)["logs/a"], layout.STATUS)["status"] == layout.FINISHED
    assert watcher.scan().items == []


def test_the_store_is_not_looked_into_and_a_damaged_run_is_named(tmp_path: Path, folder: Path) -> None:
    event_file(folder / "p" / "inside", 2)
    event_file(tmp_path / "logs" / "a", 2)
    damaged = event_file(tmp_path / "logs" / "b", 5)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\0")
    code, output = watch_once(folder, folder, tmp_path / "logs")
    assert code == 1 and output[-1] == "taken 1, updated 0, unchanged 0, failed 1"
    assert any("damaged" in line for line in output)
    assert list(runs(folder)) == ["logs/a"]
    assert watch_once(folder, tmp_path / "missing")[0] == 4
    assert os.listdir(tmp_path / "logs" / "a") == ["events.out.tfevents.1700000000.elsewhere.1.0"]


def test_a_folder_below_another_watched_one_is_not_imported_twice(tmp_path: Path, folder: Path) -> None:
    logs = tmp_path / "logs"
    event_file(logs / "a", 3)
    event_file(logs / "b" / "c", 3, "events.out.tfevents.1700000001.elsewhere.1.0")
    (tmp_path / "same").symlink_to(logs)
    code, lines = watch_once(folder, logs / "b" / "c", logs, tmp_path / "same", logs / "b")
    assert (code, lines[-1]) == (0, "taken 2, updated 0, unchanged 0, failed 0")
    assert sorted(runs(folder)) == ["logs/a", "logs/b-c"]


def test_a_run_of_wandb_that_has_just_begun_is_no_failure(tmp_path: Path, folder: Path) -> None:
    complete = next(unpacked("wandb", tmp_path / "source").rglob("run-*.wandb"))
    begun = tmp_path / "watched" / "wandb" / "offline-run-20261130_120000-abc" / complete.name
    begun.parent.mkdir(parents=True)
    for head in (b"", complete.read_bytes()[:7], complete.read_bytes()[:12]):
        begun.write_bytes(head)
        assert watch_once(folder, tmp_path / "watched") == (0, ["taken 0, updated 0, unchanged 0, failed 0"])
    long_ago(begun)
    code, output = watch_once(folder, tmp_path / "watched")
    assert code == 1 and "does not name its run" in output[0]
    begun.write_bytes(complete.read_bytes()[:-20])
    assert watch_once(folder, tmp_path / "watched")[1][-1] == "taken 1, updated 0, unchanged 0, failed 0"
