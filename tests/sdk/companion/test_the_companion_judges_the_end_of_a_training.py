"""Runs without a server: a companion process outlives the training and records how it ended."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Viewer
from tests.sdk.companion.trainings import Training, memory_limit
from tests.tools.sync.sending import in_a_pid_namespace
from tests.waiting import until

KILL = "os.kill(os.getpid(), signal.{})"
WAYS: dict[str, tuple[str, tuple[str, str, str | None]]] = {
    "SIGKILL": (KILL.format("SIGKILL"), ("failed", "killed", "SIGKILL")),
    "its process group": ("os.killpg(os.getpgrp(), signal.SIGKILL)", ("failed", "killed", "SIGKILL")),
    "SIGSEGV": ("ctypes.string_at(0)", ("failed", "killed", "SIGSEGV")),
    "SIGABRT": ("os.abort()", ("failed", "killed", "SIGABRT")),
    "SIGTERM": (KILL.format("SIGTERM"), ("interrupted", "interrupted", "SIGTERM")),
    "SIGINT": (KILL.format("SIGINT"), ("interrupted", "interrupted", "KeyboardInterrupt")),
    "_exit": ("os._exit(3)", ("failed", "failed", "exit: 3")),
    "_exit of a thread": (
        "threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(60)",
        ("failed", "failed", "process_not_found"),
    ),
    "exec": ("os.execv('/bin/sleep', ['sleep', '600'])", ("failed", "failed", "exec")),
    "sys.exit": ("sys.exit(4)", ("failed", "failed", "exit: 4")),
    "an exception": ("1 / 0", ("failed", "failed", "ZeroDivisionError: division by zero")),
    "its end": ("pass", ("finished", "finished", None)),
    "finish": ("run.finish(); os.kill(os.getpid(), 9)", ("finished", "finished", None)),
}
EXACT = ("SIGKILL", "its process group", "SIGSEGV", "SIGABRT", "_exit")
"""Ends of which only Linux 6.15 reports the signal or the code to processes other than the parent."""


@pytest.fixture
def trainings(folder: Path, home: Path) -> Iterator[Any]:
    """Start trainings in the store of this test."""
    processes: list[Training] = []

    def start(code: str = "pass", **more: Any) -> Training:
        processes.append(Training(folder, home, code, **more))
        return processes[-1]

    yield start
    for training in processes:
        training.close()


def verdict(status: dict[str, Any]) -> tuple[str, str, str | None]:
    return status["status"], status["state"], status.get("exit_reason")


def test_every_way_to_end_has_its_state(trainings: Any) -> None:
    began = {name: trainings(code) for name, (code, _) in WAYS.items()}
    for training in began.values():
        assert len(training.companions) == 1
        training.go_on()
    until(lambda: began["exec"].status["status"] != "running")
    os.kill(began["exec"].process.pid, signal.SIGKILL)
    verdicts = {name: verdict(training.ended()) for name, training in began.items()}
    release = tuple(map(int, os.uname().release.split(".")[:2]))
    reported = WAYS if release >= (6, 15) else {name: way for name, way in WAYS.items() if name not in EXACT}
    assert {name: verdicts[name] for name in reported} == {name: end for name, (_, end) in reported.items()}
    assert all(verdicts[name][0] == "failed" for name in EXACT)


def test_the_end_of_a_killed_run_is_the_time_of_the_kill_and_not_of_its_last_write(
    trainings: Any, folder: Path
) -> None:
    training = trainings()
    (journal,) = folder.glob("p/n/runs/*/events.jsonl")
    until(lambda: time.time() - journal.stat().st_mtime > 1)
    killed_at = time.time()
    training.process.kill()
    assert killed_at <= training.ended()["ended_at"] <= time.time()


def test_a_companion_is_small_and_sleeps(trainings: Any) -> None:
    training = trainings()
    (companion,) = training.companions

    def sleeps() -> bool:
        """Whether it does not poll: for a second, which may be one in which it still starts."""
        before, switches = sum(companion.cpu_times()[:2]), companion.num_ctx_switches().voluntary
        time.sleep(1)
        woke = companion.num_ctx_switches().voluntary - switches
        is_idle = woke <= 1 and sum(companion.cpu_times()[:2]) - before <= 0.01
        return is_idle and companion.status() == "sleeping"

    until(lambda: companion.cmdline()[0] != "sh")
    until(sleeps)
    assert companion.memory_info().rss <= 12e6
    assert companion.children() == [] and os.getsid(companion.pid) != os.getsid(training.process.pid)
    assert companion.ppid() != training.process.pid, (
        "a training that waits for all children must not wait for it"
    )
    training.go_on()
    assert training.ended()["state"] == "finished"


def test_no_companion_is_started_if_it_is_switched_off(trainings: Any) -> None:
    training = trainings(KILL.format("SIGKILL"), RUNICORN_COMPANION="off")
    assert training.companions == []
    training.go_on()
    assert training.ended()["state"] == "running"


def test_one_companion_watches_all_runs_of_a_process_and_others_those_of_its_children(
    trainings: Any, folder: Path
) -> None:
    code = """
second = rn.init("p", "second", capture_env=False, system_metrics=False)
if os.fork() == 0:
    rn.init("p", "child", capture_env=False, system_metrics=False)
    os._exit(7)
os.wait()
time.sleep(600)
"""
    training = trainings(code)
    training.go_on()
    until(lambda: [*folder.glob("p/child/runs/*/status.json")])
    child = next(folder.glob("p/child/runs/*/status.json"))
    until(lambda: '"running"' not in child.read_text())
    assert len(training.companions) == 1
    os.kill(training.process.pid, signal.SIGKILL)
    assert training.ended()["state"] in ("killed", "failed")
    (second,) = folder.glob("p/second/runs/*/status.json")
    assert f'"{training.status["state"]}"' in second.read_text()


def test_a_killed_companion_is_replaced_with_the_next_run(trainings: Any, folder: Path) -> None:
    code = 'rn.init("p", "second", capture_env=False, system_metrics=False); os._exit(5)'
    training = trainings(code)
    training.companions[0].kill()
    until(lambda: not training.companions)
    training.go_on()
    training.process.wait(60)
    (second,) = folder.glob("p/second/runs/*/status.json")
    until(lambda: '"running"' not in second.read_text())


def test_memory_that_ran_out_in_a_cgroup_is_recognised(trainings: Any) -> None:
    with memory_limit(200) as group:
        training = trainings("[bytearray(10_000_000) for _ in range(200)]")
        (group / "cgroup.procs").write_text(str(training.process.pid))
        other = trainings(KILL.format("SIGKILL"))
        # The companion reads the counter when it starts: it learns of the cgroup from a run that begins inside.
        inner = trainings(
            "[bytearray(10_000_000) for _ in range(200)]",
            prefix=("sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh"),
        )
        for process in (inner, other):
            process.go_on()
            process.ended()
        training.close()
        end = inner.status
        assert verdict(end) == (
            "failed",
            "out_of_memory",
            "SIGKILL" if "signal" in end["evidence"] else "process_not_found",
        )
        assert end["evidence"]["oom_kills"] == 1
        assert (
            end["state_reason"] == "Out of memory: the kernel killed it (oom_kill of its cgroup rose by 1)."
        )
        assert other.status["state"] in ("killed", "failed"), "it was not in that cgroup"


NOW = time.time()


@pytest.mark.parametrize(
    ("variables", "code", "answer", "state"),
    [
        ({}, "SIGTERM", "", "preempted"),
        ({"SLURM_JOB_END_TIME": f"{NOW + 90:.0f}"}, "SIGTERM", "", "time_limit"),
        (
            {"SLURM_JOB_END_TIME": f"{NOW + 90_000:.0f}", "SLURM_RESTART_COUNT": "2"},
            "SIGTERM",
            "",
            "preempted",
        ),
        ({}, "SIGUSR1", "", "time_limit"),
        ({}, "SIGTERM", "JobId=71 JobState=CANCELLED Reason=None", "interrupted"),
        ({}, "SIGUSR1", "JobId=71 JobState=PREEMPTED Reason=None", "preempted"),
        ({}, "SIGTERM", "JobId=71 JobState=TIMEOUT Reason=TimeLimit", "time_limit"),
    ],
)
def test_a_job_of_slurm_says_why_it_was_ended(
    trainings: Any, tmp_path: Path, variables: dict[str, str], code: str, answer: str, state: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "scontrol").write_text(f'#!/bin/sh\n[ "$4" = 71 ] && echo "{answer}"\n')
    (programs / "scontrol").chmod(stat.S_IRWXU)
    path = f"{programs}:{os.environ['PATH']}"
    training = trainings(KILL.format(code), PATH=path, SLURM_JOB_ID="71", **variables)
    assert training.meta["job"]["job_id"] == "71"
    training.go_on()
    end = training.ended()
    assert (end["status"], end["state"]) == ("interrupted", state)
    assert end["evidence"] == {**training.meta["job"], **end["evidence"], "notice": code}
    assert "71" in end["state_reason"] or state == "interrupted"


def test_a_job_that_is_killed_after_its_notice_was_ended_by_the_scheduler(trainings: Any) -> None:
    """SLURM sends SIGTERM to all processes of a job, and SIGKILL to those that remain."""
    ignoring = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
    training = trainings(ignoring, SLURM_JOB_ID="71", PATH="/bin:/usr/bin")
    training.go_on()
    assert training.process.stdout.readline() == "ready\n"
    (companion,) = training.companions
    for process in (training.process, companion):
        process.send_signal(signal.SIGTERM)
    until(lambda: training.meta["job"].get("notice") == "SIGTERM")
    assert training.status["state"] == "running"
    os.kill(training.process.pid, signal.SIGKILL)
    assert verdict(training.ended())[:2] == ("interrupted", "preempted")


def test_a_stopped_container_is_judged_by_the_viewer(trainings: Any, folder: Path, home: Path) -> None:
    """The companion ends with the PID namespace; the viewer sees that no process of it is left."""
    viewer = Viewer(folder, home, RUNICORN_RATE_LIMIT="off")
    try:
        viewer.wait_until_it_answers()
        training = trainings("time.sleep(600)", prefix=in_a_pid_namespace())
        address = f"/api/runs/{training.run_id}"
        until(lambda: viewer.get(address).status_code == 200)
        assert viewer.get(address).json()["state"] == "running"
        training.close()
        until(lambda: viewer.get(address).json()["status"] != "running")
        assert viewer.get(address).json()["state"] in ("failed", "killed")
    finally:
        viewer.stop()
