"""A `log()` that returned is on disk, whatever happens to the process then."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdk.tracking.scripts import Script, only_run, recorded

TALKS = """
run = rn.init("p", "n")
threads = int(sys.argv[1])
def work(first):
    step = first
    while True:
        run.log({"loss": step / 7, "text": "x" * (step % 300)}, step=step)
        os.write(1, b"%d\\n" % step)
        step += threads
import threading
for first in range(1, threads):
    threading.Thread(target=work, args=(first,), daemon=True).start()
work(threads)
"""


def _kill_after(script: Script, lines: int) -> set[int]:
    """The steps whose `log()` had returned."""
    numbers = {int(script.hear()) for _ in range(lines)}
    script.signal(signal.SIGKILL)
    assert script.end() == -signal.SIGKILL
    return numbers | {int(line) for line in script.stdout.splitlines()}


def test_a_killed_process_has_lost_nothing(script: Callable[..., Script], folder: Path) -> None:
    returned = _kill_after(script(TALKS, "1"), 2000)
    steps = only_run(folder).steps()
    assert set(steps) >= returned and len(steps) == len(set(steps))
    assert len(steps) - len(returned) <= 1  # one may have been written and not been reported


def test_a_killed_process_with_threads_has_lost_nothing(script: Callable[..., Script], folder: Path) -> None:
    returned = _kill_after(script(TALKS, "4"), 2000)
    assert set(only_run(folder).steps()) >= returned


@pytest.mark.torture
def test_many_processes_killed_at_any_moment_have_lost_nothing(
    script: Callable[..., Script], folder: Path
) -> None:
    chance = random.Random(5)
    for _ in range(60):
        returned = _kill_after(script(TALKS, str(chance.randint(1, 6))), chance.randint(1, 3000))
        run = recorded(folder)[-1]
        assert set(run.steps()) >= returned
        shutil.rmtree(run.path)


def test_records_of_an_unfinished_run_are_on_disk(script: Callable[..., Script], folder: Path) -> None:
    ended = script("run = rn.init()\nrun.log(loss=1.0)\nos._exit(3)")
    assert ended.end() == 3
    assert only_run(folder).steps() == [1]
    assert only_run(folder).status == "running"  # what the server makes of it is the server's to say
