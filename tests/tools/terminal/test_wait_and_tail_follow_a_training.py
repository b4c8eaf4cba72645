"""`wait` and `tail --follow` see what a training writes, and end with it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.store import layout
from runicorn_site.catalog.log_tail import follow, last_lines
from runicorn_site.cli.runs import wait
from tests.processes import Viewer
from tests.tools.terminal.conftest import call
from tests.waiting import until


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[rn.Run]:
    monkeypatch.setattr(wait, "PAUSE", 0.02)
    run = rn.init(project="vision", name="live", storage=str(tmp_path / "store"), capture_env=False)
    yield run
    run.finish()


def test_wait_ends_when_the_condition_comes_true(training: rn.Run, tmp_path: Path) -> None:
    training.log({"acc": 0.1})
    # The second point comes while the command waits; without it the command would run into its time limit.
    timer = threading.Timer(0.1, training.log, [{"acc": 0.9}])
    timer.start()
    arguments = ["wait", training.id, "--storage", str(tmp_path / "store"), "--timeout", "60"]
    assert call(*arguments, "--until", "metric.acc.best > 0.5", "--json") == {training.id: True}


def test_wait_knows_a_metric_before_it_is_logged(training: rn.Run, tmp_path: Path) -> None:
    training.log({"acc": 0.1})
    threading.Timer(0.1, training.log, [{"late": 0.9}]).start()
    arguments = ["wait", training.id, "--storage", str(tmp_path / "store"), "--timeout", "60"]
    assert call(*arguments, "--until", "late > 0.5", "--json") == {training.id: True}
    call(*arguments, "--until", "acc >", code=2)


def test_wait_knows_a_metric_before_it_is_logged_on_a_viewer(
    folder: Path, start_viewer: Callable[..., Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait, "PAUSE", 0.02)
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    with rn.init("vision", "live", storage=str(folder), capture_env=False) as run:
        run.log({"acc": 0.1})
        until(lambda: viewer.get(f"/api/runs/{run.id}").status_code == 200)
        threading.Timer(0.1, run.log, [{"late": 0.9}]).start()
        arguments = [
            "wait",
            run.id,
            "--url",
            viewer.url,
            "--timeout",
            "60",
            "--until",
            "late > 0.5",
            "--json",
        ]
        assert call(*arguments) == {run.id: True}


def test_wait_ends_at_its_time_limit(training: rn.Run, tmp_path: Path) -> None:
    training.log({"acc": 0.1})
    arguments = ["wait", training.id, "--storage", str(tmp_path / "store"), "--timeout", "0.1"]
    call(*arguments, "--until", "metric.acc.best > 0.5", code=124)


def test_a_followed_log_ends_with_the_run(tmp_path: Path) -> None:
    log = tmp_path / layout.LOGS
    log.write_text("one\ntwo\nthree\n")
    steps = iter(["four\nfi", "ve\nno newline"])
    is_running = True

    def go_on() -> None:
        nonlocal is_running
        if (addition := next(steps, None)) is None:
            is_running = False
            return
        with log.open("a") as file:
            file.write(addition)

    lines = list(follow(log, 2, lambda: is_running, go_on))
    assert lines == ["two", "three", "four", "five", "no newline"]


def test_the_last_lines_of_a_long_file_are_read_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / layout.LOGS
    log.write_bytes(b"".join(b"line %d %s\n" % (n, b"x" * 200) for n in range(2000)))
    lines, end = last_lines(log, 700)
    assert [line.split()[1] for line in lines] == [str(n) for n in range(1300, 2000)]
    assert end == log.stat().st_size
    assert last_lines(log, 0)[0] == [] and last_lines(tmp_path / "missing", 3) == ([], 0)


def test_json_of_a_list_holds_nan_as_text(tmp_path: Path, training: rn.Run) -> None:
    training.log({"loss": float("nan")})
    details = call("show", training.id, "--storage", str(tmp_path / "store"), "--json")
    assert json.dumps(details["metrics"]["loss"]["last"]) == '"nan"'
