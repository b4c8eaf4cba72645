"""A run goes on in forked processes; it ends in the process that began it, and only there."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from tests.sdk.tracking.scripts import Script, only_run

FORKS = """
import threading
run = rn.init(config={"lr": 1})
stop = threading.Event()
def busy():
    while not stop.is_set():
        run.log({"who": -1}); run.log_text("x" * 100); run.summary({"a": 1})
threads = [threading.Thread(target=busy) for _ in range(2)]
for thread in threads: thread.start()
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        for step in range(500):
            run.log({"who": child, "text": "y" * step}, step=step)
        run.log_text(f"child {child}")
        sys.exit(0)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
print(codes, (run.run_dir / "status.json").read_text(), flush=True)
stop.set()
for thread in threads: thread.join()
run.log({"who": 9})
"""


def test_every_process_logs_whole_lines_and_none_ends_the_run(
    script: Callable[..., Script], folder: Path
) -> None:
    ended = script(FORKS)
    assert ended.end() == 0, ended.stderr
    assert ended.stdout.startswith("[0, 0, 0, 0]") and '"running"' in ended.stdout
    run = only_run(folder)
    events = run.events()
    for child in range(4):
        assert [data["global_step"] for data in events if data["who"] == child] == list(range(500))
        assert run.log().count(f" | child {child}\n") == 1
    assert events[-1]["who"] == 9 and run.status == "finished"


def test_finish_in_a_child_does_nothing_and_says_so(script: Callable[..., Script]) -> None:
    ended = script(
        "run = rn.init()\npid = os.fork()\n"
        "if pid == 0:\n    run.finish('failed'); rn.finish('failed'); os._exit(0)\n"
        "os.waitpid(pid, 0); run.log(loss=1.0)"
    )
    assert ended.end() == 0
    assert ended.run.status == "finished" and ended.stderr.count("cannot end the run of its parent") == 1


def test_a_child_that_leaves_the_with_block_ends_nothing(script: Callable[..., Script]) -> None:
    ended = script(
        "with rn.init() as run:\n    pid = os.fork()\n    if pid == 0:\n        1 / 0\n    os.waitpid(pid, 0)\n"
        "    print((run.run_dir / 'status.json').read_text())"
    )
    assert ended.end() == 0 and '"running"' in ended.stdout and ended.run.status == "finished"


def test_a_child_dies_of_sigterm_and_the_run_lives(script: Callable[..., Script]) -> None:
    ended = script(
        "run = rn.init()\npid = os.fork()\n"
        "if pid == 0:\n    print('ready', flush=True); time.sleep(60)\n"
        "input(); os.kill(pid, signal.SIGTERM)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), (run.run_dir / 'status.json').read_text())"
    )
    assert ended.hear() == "ready"
    ended.tell("go on")
    ended.end()
    assert ended.hear().startswith(f"{-signal.SIGTERM} ") and ended.run.status == "finished"


def test_a_child_may_begin_a_run_of_its_own(script: Callable[..., Script], folder: Path) -> None:
    ended = script(
        "rn.init('parent')\npid = os.fork()\n"
        "if pid == 0:\n    rn.init('child'); rn.log(loss=1.0); sys.exit(3)\n"
        "os.waitpid(pid, 0)"
    )
    ended.end()
    statuses = {path.parts[-5]: path for path in folder.glob("*/*/runs/*/status.json")}
    assert '"failed"' in statuses["child"].read_text() and '"finished"' in statuses["parent"].read_text()


def test_a_pool_of_workers_logs_to_the_run_of_its_parent(script: Callable[..., Script]) -> None:
    ended = script(
        "import multiprocessing as mp\nrun = rn.init()\n"
        "def work(i):\n    run.log({'i': i}, step=i)\n    return i\n"
        "with mp.get_context('fork').Pool(3) as pool:\n    pool.map(work, range(60))\nrun.finish()"
    )
    assert ended.end() == 0, ended.stderr
    assert sorted(ended.run.steps()) == list(range(60)) and ended.run.status == "finished"
