"""A process of its own captures the environment of a training; a thread does where no process can be started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import environment
from tests.sdk.capture.repositories import repository
from tests.sdk.tracking.scripts import Script, only_run, recorded
from tests.waiting import until

CAPTURED = "environment.json"
WAIT = f"""
def wait(run):
    while not os.path.exists(run.run_dir / {CAPTURED!r}): time.sleep(0.01)
"""
TRAIN = f"""
import os, sys, time
import runicorn as rn
{WAIT}
for number in range(2):
    run = rn.init("p", f"n{{number}}", system_metrics=False)
    wait(run)
    run.finish()
    os.__dict__.pop("posix_spawn", None)  # so that a thread captures the second
"""


def captures(root: Path) -> list[psutil.Process]:
    """Return the processes that capture for trainings in this store."""
    processes = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        line, variables = process.info["cmdline"] or [], process.info["environ"] or {}
        is_capture = any(part.endswith("capture_program.py") for part in line)
        if is_capture and variables.get("RUNICORN_DIR") == str(root):
            processes.append(process)
    return processes


def test_the_interpreter_of_a_training_imports_nothing_for_it(script: Callable[..., Script]) -> None:
    ended = script(
        f"{WAIT}\nrun = rn.init(system_metrics=False)\nwait(run)\n"
        "print(sorted({'runicorn.capture.environment', 'runicorn.capture.machine', 'subprocess'} & set(sys.modules)))"
    )
    assert ended.end() == 0, ended.stderr
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize("kind", ["file", "-c", "stdin", "spawn"])
def test_it_captures_what_a_thread_captures(kind: str, folder: Path, home: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    repository(work)
    (work / "notes").write_text("not committed")
    (work / "train.py").write_text(f"if __name__ != 'elsewhere':\n{TRAIN}".replace("\n", "\n    "))
    (work / "start.py").write_text(
        "import multiprocessing, runpy\n"
        "if __name__ == '__main__':\n"
        "    child = multiprocessing.get_context('spawn').Process(target=runpy.run_path, args=('train.py',))\n"
        "    child.start(); child.join()"
    )
    commands = {"file": ["train.py"], "-c": ["-c", TRAIN], "stdin": ["-"], "spawn": ["start.py"]}
    subprocess.run(
        [sys.executable, *commands[kind], "--lr", "0.1", "--token=Zx9-secret", "ü\udcff"],
        cwd=work,
        env=environment(home, RUNICORN_DIR=str(folder), RANK="0", LD_LIBRARY_PATH="/opt/ü"),
        input=TRAIN.encode() if kind == "stdin" else b"",
        check=True,
    )
    in_a_process, in_a_thread = (_environment(run.path) for run in recorded_by_name(folder))
    assert in_a_process.pop("captured_at") < in_a_thread.pop("captured_at")
    for volatile in ("memory_free_mb", "utilization_percent", "temperature_c"):
        for card in (in_a_process["gpu_info"] or []) + (in_a_thread["gpu_info"] or []):
            card.pop(volatile)
    assert list(in_a_process) == list(in_a_thread)
    assert in_a_process == in_a_thread
    assert in_a_process["incomplete"] == []
    assert in_a_process["git_info"]["has_changes"]
    assert in_a_process["working_dir"] == str(work)
    if kind != "spawn":
        assert in_a_process["command_line"][-4:-1] == ["--lr", "0.1", "--token=***"]


def recorded_by_name(root: Path) -> list[Any]:
    """Return the runs of a store by the name of their experiment."""
    return sorted(recorded(root), key=lambda run: run.path.parents[1].name)


def _environment(run: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((run / CAPTURED).read_text(encoding="utf-8"))
    return value


FAILURES = {
    "no processes": "def fail(*a, **k): raise BlockingIOError(11, 'no more processes')\nos.posix_spawn = fail",
    "a system without posix_spawn": "del os.posix_spawn",
    "a frozen program": "sys.frozen = True",
    "another interpreter": "sys.version += ' (embedded)'",
    "no interpreter": "sys.executable = '/nowhere/python3'",
    "no shell": "spawn = os.posix_spawn\nos.posix_spawn = lambda path, *a, **k: spawn('/nowhere/sh', *a, **k)",
    "an import hook that finds packages": (
        "from importlib.abc import MetaPathFinder\n"
        "class Finder(MetaPathFinder):\n"
        "    def find_spec(self, *a): return None\n"
        "    def find_distributions(self, *a): return []\n"
        "sys.meta_path.append(Finder())"
    ),
    "a long command line": "sys.orig_argv += ['x' * 200_000]",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_thread_captures_where_no_process_can(failure: str, script: Callable[..., Script]) -> None:
    ended = script(
        f"{WAIT}\n{FAILURES[failure]}\nrun = rn.init(system_metrics=False)\nwait(run)\n"
        "print('runicorn.capture.environment' in sys.modules)"
    )
    assert ended.end() == 0, ended.stderr
    assert ended.stdout == "True\n"
    assert ended.run.json("environment")["incomplete"] == []


def test_a_thread_captures_when_the_process_is_killed(
    script: Callable[..., Script], program: Callable[[str, str], Path], tmp_path: Path
) -> None:
    program("nvidia-smi", f"mkdir {tmp_path}/killed && kill -9 $PPID; exit 9")
    ended = script(f"{WAIT}\nrun = rn.init(system_metrics=False)\nwait(run)", PATH=os.environ["PATH"])
    assert ended.end() == 0, ended.stderr
    assert (tmp_path / "killed").exists()
    assert ended.run.json("environment")["incomplete"] == []


def test_the_process_ends_with_a_training_that_is_killed_while_its_workers_live(
    script: Callable[..., Script], program: Callable[[str, str], Path], tmp_path: Path, folder: Path
) -> None:
    program("nvidia-smi", f"touch {tmp_path}/asked; exec sleep 600")
    training = script(
        "run = rn.init(system_metrics=False)\n"
        f"while not os.path.exists({str(tmp_path / 'asked')!r}): time.sleep(0.01)\n"
        "pid = os.fork()\n"
        "if pid: print(pid)\n"
        "time.sleep(600)",
        PATH=os.environ["PATH"],
    )
    worker = psutil.Process(int(training.hear()))
    training.process.kill()
    try:
        until(lambda: not captures(folder))
        assert worker.is_running()
        assert list(only_run(folder).path.glob(f"*{CAPTURED}*")) == []
    finally:
        worker.kill()


def test_nothing_is_written_after_the_end_of_the_run(
    script: Callable[..., Script], program: Callable[[str, str], Path], tmp_path: Path, folder: Path
) -> None:
    program("git", f"kill -STOP $PPID; mkdir {tmp_path}/asked; sleep 600")
    training = script(
        "from runicorn.capture import background_thread\n"
        "background_thread.JOIN_SECONDS = 60\n"
        "run = rn.init(system_metrics=False)\n"
        f"while not os.path.exists({str(tmp_path / 'asked')!r}): time.sleep(0.01)\n"
        "run.finish('interrupted')\n"
        "print(os.stat(run.run_dir / 'environment.json').st_mtime_ns)\n"
        "sys.stdin.read()",
        PATH=os.environ["PATH"],
    )
    written_at = int(training.hear())
    path = only_run(folder).path / CAPTURED
    (stopped,) = captures(folder)
    stopped.resume()
    until(lambda: not captures(folder))
    assert path.stat().st_mtime_ns == written_at
    assert "git_info" in _environment(path.parent)["incomplete"]
    assert training.end() == 0, training.stderr


def test_a_training_that_waits_for_its_children_does_not_wait_for_it(
    script: Callable[..., Script], program: Callable[[str, str], Path], tmp_path: Path
) -> None:
    program(
        "nvidia-smi", f"touch {tmp_path}/asked; until [ -e {tmp_path}/gone ]; do sleep 0.01; done; exit 9"
    )
    ended = script(
        "run = rn.init(system_metrics=False)\n"
        f"while not os.path.exists({str(tmp_path / 'asked')!r}): time.sleep(0.01)\n"
        "try:\n    while True: os.wait()\nexcept ChildProcessError:\n    print('no children')\n"
        f"open({str(tmp_path / 'gone')!r}, 'w').close()",
        PATH=os.environ["PATH"],
    )
    assert ended.end() == 0, ended.stderr
    assert ended.stdout == "no children\n"


def test_a_frozen_program_is_not_started_again_by_the_companion(
    script: Callable[..., Script], tmp_path: Path, folder: Path
) -> None:
    frozen = tmp_path / "app-python"
    frozen.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    frozen.chmod(0o755)
    ended = script(
        f"{WAIT}\nsys.frozen, sys.executable = True, {str(frozen)!r}\nrun = rn.init(system_metrics=False)\nwait(run)",
        RUNICORN_COMPANION="on",
    )
    assert ended.end() == 0, ended.stderr
    assert not (tmp_path / "started").exists()
