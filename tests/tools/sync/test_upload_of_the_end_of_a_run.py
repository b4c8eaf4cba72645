"""However a training ends, the server gets its status and all that it logged."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.upload.queue import Queue
from runicorn.upload.state import UploadState
from runicorn.upload.target import Target
from runicorn.upload.wait import RunningUpload
from runicorn.upload.worker import Upload
from tests.processes import Viewer, environment, free_port, train
from tests.tools.sync.sending import differences, in_a_pid_namespace, only_sender, senders
from tests.waiting import until

TRAINING = """
import ctypes, os, signal, sys, time
import runicorn as rn
run = rn.init("ends", "one", run_id=sys.argv[1], capture_env=False, system_metrics=False)
for step in range(20):
    run.log({"loss": 1 / (step + 1)}, step=step)
run.log_table("last", [{"a": 1}])
print("logged", flush=True)
exec(sys.argv[2])
"""
WAYS = {
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", "failed"),
    "SIGHUP": ("os.kill(os.getpid(), signal.SIGHUP)", "failed"),
    "SIGQUIT": ("os.kill(os.getpid(), signal.SIGQUIT)", "failed"),
    "SIGSEGV": ("ctypes.string_at(0)", "failed"),
    "SIGABRT": ("os.abort()", "failed"),
    "exit: 3": ("os._exit(3)", "failed"),
    "process_not_found": ("os._exit(0)", "failed"),
    "exec": ("os.execv('/bin/sleep', ['sleep', '600'])", "failed"),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM)", "interrupted"),
}


class ElsewhereViewer(Viewer):
    """A viewer to which processes of this machine are invisible, as on another machine."""

    def __init__(self, *arguments: str | Path, **more: str) -> None:
        self.prefix = in_a_pid_namespace()
        super().__init__(*arguments, RUNICORN_RATE_LIMIT="off", **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer that receives the runs of all tests here."""
    viewer = ElsewhereViewer(tmp_path_factory.mktemp("far"), tmp_path_factory.mktemp("home"))
    yield viewer.wait_until_it_answers()
    viewer.kill()


@pytest.fixture
def run_id() -> str:
    """An id for the run of one test."""
    return new_id()


def new_id() -> str:
    return f"20260117_120000_{secrets.token_hex(3)}"


def quiet(near: Path) -> Callable[[], bool]:
    """Return whether no sender is left."""
    return lambda: not senders(near)


@pytest.fixture
def default_signals() -> Iterator[None]:
    """Reset signals that a background shell or `nohup` ignores."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGHUP, signal.SIGQUIT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("default_signals")
def test_every_way_to_end_is_known_to_the_server(near: Path, viewer: Viewer, home: Path) -> None:
    trainings = {}
    # The sender runs already, so it watches the others from their start.
    first = train(TRAINING, near, home, new_id(), "sys.stdin.readline()", RUNICORN_URL=viewer.url)
    assert first.stdout and first.stdout.readline()
    until(lambda: senders(near))
    for reason, (way, _) in WAYS.items():
        code = f"sys.stdin.readline(); {way}"
        run_id = new_id()
        trainings[reason] = (run_id, train(TRAINING, near, home, run_id, code, RUNICORN_URL=viewer.url))
    told_at = {}
    for reason, (run_id, training) in trainings.items():
        assert training.stdin and training.stdout and training.stdout.readline() == "logged\n"
        until(lambda run_id=run_id: viewer.get(f"/api/runs/{run_id}").status_code == 200)
        only_sender(near)  # one process for all runs
        told_at[reason] = time.time()
        training.stdin.write("\n")
        training.stdin.flush()
    first.communicate("\n")
    until(quiet(near))
    trainings["exec"][1].kill()
    responses = {
        reason: viewer.get(f"/api/runs/{run_id}").json() for reason, (run_id, _) in trainings.items()
    }
    assert {reason: about["status"] for reason, about in responses.items()} == {
        reason: status for reason, (_, status) in WAYS.items()
    }
    assert {about["exit_reason"] for about in responses.values()} <= {*WAYS, "process_not_found"}
    for reason, about in responses.items():
        by_signal = reason.startswith("SIG") and reason != "SIGTERM" and about["exit_reason"] == reason
        assert about["state"] == ("killed" if by_signal else about["status"]), reason
    assert responses["exec"]["exit_reason"] == "exec"
    assert responses["SIGKILL"]["ended_at"] >= told_at["SIGKILL"], "not when it wrote last"
    assert not differences(near, viewer.root)
    for _, training in trainings.values():
        training.communicate()


def as_process_one(near: Path, home: Path, url: str, run_id: str, code: str) -> subprocess.Popen[str]:
    """A training that is process 1 of a container, which ends with it."""
    return subprocess.Popen(
        [*in_a_pid_namespace(), sys.executable, "-c", TRAINING, run_id, code],
        env=environment(home, RUNICORN_DIR=str(near), RUNICORN_URL=url),
        cwd=near,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def check_containers(count: int, near: Path, viewer: Viewer, home: Path) -> None:
    for code in ("run.finish()", "", "os.kill(os.getpid(), signal.SIGTERM)"):
        began = [
            (run_id := new_id(), as_process_one(near, home, viewer.url, run_id, code)) for _ in range(count)
        ]
        for run_id, training in began:
            _, stderr = training.communicate(timeout=90)
            about = viewer.get(f"/api/runs/{run_id}").json()
            # Process 1 has no default handler for SIGTERM and runs to its end.
            assert about["status"] == ("interrupted" if "SIGTERM" in code else "finished"), stderr
            assert viewer.get(f"/api/runs/{run_id}/metrics_step").json()["total"] == 20
    assert not senders(near)
    assert not differences(near, viewer.root)


def test_a_training_that_is_process_one_of_a_container_loses_nothing(
    near: Path, viewer: Viewer, home: Path
) -> None:
    check_containers(1, near, viewer, home)


@pytest.mark.torture
def test_thirty_containers_lose_nothing(near: Path, viewer: Viewer, home: Path) -> None:
    check_containers(10, near, viewer, home)


def test_finish_waits_a_bounded_time_and_names_the_command(near: Path, home: Path, run_id: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    code = "sys.stdin.readline(); t = time.monotonic(); run.finish(upload_timeout=1); print(time.monotonic() - t)"
    training = train(TRAINING, near, home, run_id, code, RUNICORN_URL=url)
    assert training.stdout and training.stdout.readline()
    until(lambda: UploadState(near, run_id).load().content.get("problem"))
    out, stderr = training.communicate("\n", timeout=90)
    assert 1 <= float(out.split()[-1]) < 20
    assert f"runicorn sync --storage {near} {run_id}" in stderr and "could be reached" in stderr


def test_the_end_of_a_run_does_not_wait_for_what_a_worker_logs_after_it(
    near: Path, viewer: Viewer, run_id: str
) -> None:
    run = rn.init("ends", "one", run_id=run_id, storage=near, capture_env=False, system_metrics=False)
    run.log({"last": 1})
    run.finish()
    queue = Queue.of(near, viewer.url)
    state = UploadState(near, run_id).begin(viewer.url)
    session = queue.add(run_id, run.run_dir, [])
    training = RunningUpload(near, run_id, run.run_dir, Target(viewer.url, 60.0), queue, session)
    journal, waits = run.run_dir / "events.jsonl", list[bool]()

    def has_ended() -> bool:
        waits.append(not training.is_done())
        if len(waits) < 5:  # the worker logs between any two passes
            with journal.open("a") as file:
                file.write('{"ts": 1.0, "type": "metrics", "data": {"worker": 1}}\n')
        return True

    upload = Upload(run.run_dir, state.load(), has_ended=has_ended, is_stopped=lambda: False, session=session)
    with closing(upload):
        assert upload.send(0.0) == "" and upload.is_over
    assert waits == [True, False, False, False, False]
    assert differences(near, viewer.root) == [], "what the worker logged is uploaded too"
    UploadState(near, run_id).begin(viewer.url)
    assert not training.is_done(), "a resumed run is not uploaded yet"
    queue.remove(queue.entries()[run_id])


def test_the_end_of_the_program_waits_once_for_all_runs(near: Path, home: Path) -> None:
    script = """
import runicorn as rn, sys
for number in range(8):
    rn.init("ends", "many", upload_timeout=1, capture_env=False, system_metrics=False)
print("begun", flush=True)
sys.stdin.readline()
import atexit, time
began = time.monotonic()
atexit.register(lambda: print(time.monotonic() - began))  # registered last, called first
"""
    training = train(script, near, home, RUNICORN_URL=f"http://127.0.0.1:{free_port()}")
    assert training.stdout and training.stdout.readline() == "begun\n"
    only_sender(near)  # one process for all runs, also to a server that is away
    _, stderr = training.communicate("\n", timeout=60)
    assert stderr.count("is not completely uploaded to") == 8


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "30"])
def test_a_timeout_that_is_no_number_of_seconds_is_refused(value: object, near: Path) -> None:
    import runicorn as rn

    with pytest.raises(ValueError, match="upload_timeout must be a number of seconds"):
        rn.init("ends", storage=near, url="http://127.0.0.1:9", upload_timeout=value)  # type: ignore[arg-type]
    assert not list(near.glob("*/*/runs/*"))


def test_a_killed_sender_is_started_again_by_the_end_of_the_run(
    near: Path, viewer: Viewer, home: Path, run_id: str
) -> None:
    training = train(TRAINING, near, home, run_id, "sys.stdin.readline()", RUNICORN_URL=viewer.url)
    assert training.stdout and training.stdout.readline()
    sender = only_sender(near)
    until(lambda: viewer.get(f"/api/runs/{run_id}").status_code == 200)
    sender.kill()
    training.communicate("\n", timeout=60)
    assert viewer.get(f"/api/runs/{run_id}").json()["status"] == "finished"
    until(quiet(near))
    assert not differences(near, viewer.root)


def test_a_killed_sender_is_started_again_while_the_training_goes_on(
    near: Path, viewer: Viewer, home: Path, run_id: str
) -> None:
    training = train(TRAINING, near, home, run_id, "sys.stdin.readline()", RUNICORN_URL=viewer.url)
    assert training.stdout and training.stdout.readline()
    sender = only_sender(near)
    sender.kill()
    until(lambda: any(other.pid != sender.pid for other in senders(near)))
    training.communicate("\n", timeout=60)


def test_a_terminated_sender_process_uploads_the_rest(
    near: Path, viewer: Viewer, home: Path, run_id: str
) -> None:
    code = "sys.stdin.readline(); run.log_text('x' * 9_000_000); print('more', flush=True); time.sleep(600)"
    training = train(TRAINING, near, home, run_id, code, RUNICORN_URL=viewer.url)
    assert training.stdin and training.stdout and training.stdout.readline()
    sender = only_sender(near)
    until(lambda: viewer.get(f"/api/runs/{run_id}").status_code == 200)
    training.stdin.write("\n")
    training.stdin.flush()
    assert training.stdout.readline() == "more\n"
    training.send_signal(signal.SIGSTOP)  # it cannot restart the sender
    sender.terminate()
    until(quiet(near))
    far = viewer.root / "ends/one/runs" / run_id
    mine = near / "ends/one/runs" / run_id
    assert all(
        (far / name).read_bytes() == (mine / name).read_bytes() for name in ("events.jsonl", "logs.txt")
    )
    training.kill()
    training.communicate()
