"""A run without `finish()` gets its status from the end of the program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import environment
from tests.sdk.tracking.scripts import Script, recorded

ENDS = {
    "pass": (0, "finished", None),
    "sys.exit()": (0, "finished", None),
    "sys.exit(0)": (0, "finished", None),
    "sys.exit(3)": (3, "failed", "exit: 3"),
    "sys.exit('no data')": (1, "failed", "exit: no data"),
    "exit(4)": (4, "failed", "exit: 4"),
    "quit()": (0, "finished", None),
    "1 / 0": (1, "failed", "ZeroDivisionError: division by zero"),
    "raise ValueError('first\\nsecond')": (1, "failed", "ValueError: first"),
    "raise KeyboardInterrupt": (-2, "interrupted", "KeyboardInterrupt"),
    "import argparse; argparse.ArgumentParser().error('bad')": (2, "failed", "exit: 2"),
}
CAUGHT = {
    "an exit": "try:\n    sys.exit(3)\nexcept SystemExit:\n    pass",
    "an exit in a function": "def f():\n    try:\n        sys.exit(3)\n    except SystemExit as e:\n        return 1\nf()",
    "an exception": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    pass",
    "Ctrl-C": "try:\n    raise KeyboardInterrupt\nexcept KeyboardInterrupt:\n    run.log(loss=2.0)",
    "the exit of a thread": "import threading\nt = threading.Thread(target=sys.exit, args=(3,)); t.start(); t.join()",
}


@pytest.mark.parametrize("statement", ENDS)
def test_the_exit_of_the_program_sets_the_status(script: Callable[..., Script], statement: str) -> None:
    ended = script(f"run = rn.init()\nrun.log(loss=1.0)\n{statement}")
    code, status, reason = ENDS[statement]
    assert (ended.end(), ended.run.status, ended.run.reason) == (code, status, reason)


@pytest.mark.parametrize("what", CAUGHT)
def test_what_was_caught_ends_nothing(script: Callable[..., Script], what: str) -> None:
    ended = script(f"run = rn.init()\n{CAUGHT[what]}\nrun.log(loss=1.0)")
    assert (ended.end(), ended.run.status) == (0, "finished")


@pytest.mark.parametrize("statement", ["sys.exit(3)", "1 / 0"])
def test_tidying_up_on_the_way_out_changes_nothing(script: Callable[..., Script], statement: str) -> None:
    ended = script(f"run = rn.init()\ntry:\n    {statement}\nfinally:\n    run.log_text('tidied')")
    ended.end()
    assert ended.run.status == "failed" and "tidied" in ended.run.log()


def test_an_exit_inside_asyncio_sets_the_status(script: Callable[..., Script]) -> None:
    ended = script("import asyncio\nrun = rn.init()\nasync def main():\n    sys.exit(3)\nasyncio.run(main())")
    assert (ended.end(), ended.run.status) == (3, "failed")


def test_a_hook_of_another_library_changes_nothing(script: Callable[..., Script]) -> None:
    ended = script("run = rn.init()\nsys.excepthook = lambda *about: None\n1 / 0")
    assert (ended.end(), ended.run.status) == (1, "failed")


def test_the_traceback_is_printed_unchanged(script: Callable[..., Script]) -> None:
    ended = script("run = rn.init()\n1 / 0")
    ended.end()
    assert ended.stderr.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ("run.log(loss=1.0)", "finished"),
        ("1 / 0", "failed"),
        ("raise KeyboardInterrupt", "interrupted"),
        ("sys.exit(0)", "finished"),
        ("sys.exit(1)", "failed"),
        ("raise SystemExit(1)", "failed"),
        ("run.finish('interrupted')", "interrupted"),
    ],
)
def test_a_with_block_ends_its_run(script: Callable[..., Script], statement: str, status: str) -> None:
    ended = script(f"with rn.init() as run:\n    {statement}")
    ended.end()
    assert ended.run.status == status


def test_the_run_has_ended_when_the_with_block_has(script: Callable[..., Script]) -> None:
    ended = script(
        "try:\n    with rn.init() as run:\n        1 / 0\n"
        "except ZeroDivisionError:\n    print((run.run_dir / 'status.json').read_text())\nsys.exit(9)"
    )
    assert ended.end() == 9 and '"failed"' in ended.stdout
    assert ended.run.reason == "ZeroDivisionError: division by zero"


def test_all_open_runs_end_with_the_program(script: Callable[..., Script], folder: Path) -> None:
    ended = script("a = rn.init('a')\nb = rn.init('b')\nc = rn.init('c')\nb.finish('interrupted')\n1 / 0")
    ended.end()
    statuses = {run.json("meta")["project"]: run.status for run in recorded(folder)}
    assert statuses == {"a": "failed", "b": "interrupted", "c": "failed"}


def test_threads_that_outlive_the_script_may_still_log(script: Callable[..., Script]) -> None:
    ended = script(
        "import threading\nrun = rn.init()\nmain_over = threading.Event()\n"
        "def work():\n    main_over.wait(10)\n    threading.main_thread().join(10)\n    run.log(loss=1.0)\n"
        "threading.Thread(target=work).start()\nmain_over.set()"
    )
    ended.end()
    assert ended.run.steps() == [1] and ended.run.status == "finished" and "has ended" not in ended.stderr


BARE = {
    "raise SystemExit(main(3))": (3, "failed", "exit: 3"),
    "raise SystemExit(main(0))": (0, "finished", None),
    "raise SystemExit(main(None))": (0, "finished", None),
    "raise SystemExit": (0, "finished", None),
    "raise SystemExit('no data')": (1, "failed", "exit: no data"),
    "def end():\n    raise SystemExit(main(4))\nend()": (4, "failed", "exit: 4"),
    "try:\n    raise SystemExit(5)\nfinally:\n    main([0] * 100_000)": (5, "failed", "exit: 5"),
    "import gc; gc.disable()\nraise SystemExit(6)": (6, "failed", "exit: 6"),
    "try:\n    raise SystemExit(7)\nexcept SystemExit as e:\n    kept = e": (0, "finished", None),
    "try:\n    raise SystemExit(7)\nexcept SystemExit as e:\n    kept = e\nraise SystemExit(8)": (
        8,
        "failed",
        "exit: 8",
    ),
    "try:\n    raise SystemExit(7)\nexcept SystemExit as e:\n    kept = e\n1 / 0": (
        1,
        "failed",
        "ZeroDivisionError: division by zero",
    ),
    "sys.stdout = open(os.devnull, 'w')\nraise SystemExit(9)": (9, "failed", "exit: 9"),
}


@pytest.mark.parametrize("statement", BARE)
def test_an_exit_raised_by_hand_sets_the_status(
    tmp_path: Path, folder: Path, home: Path, statement: str
) -> None:
    head = "import os, sys\nimport runicorn as rn\ndef main(code):\n    return code\nrun = rn.init(capture_env=False)\n"
    (tmp_path / "train.py").write_text(head + statement)
    process = subprocess.run(
        [sys.executable, str(tmp_path / "train.py")],
        env=environment(home, RUNICORN_DIR=str(folder)),
        capture_output=True,
        timeout=60,
        check=False,
    )
    (run,) = recorded(folder)
    assert (process.returncode, run.status, run.reason) == BARE[statement]


WORK = """
import sys
import runicorn as rn

def work(way):
    run = rn.init(way)
    run.log(loss=1.0)
    if way == "raises":
        1 / 0
    if way == "exits":
        sys.exit(3)
"""


@pytest.mark.parametrize(
    ("method", "first"),
    [("fork", "None"), ("fork", "rn.init('first')"), ("forkserver", "None"), ("spawn", "None")],
)
def test_a_process_of_multiprocessing_ends_its_run(
    script: Callable[..., Script], folder: Path, tmp_path: Path, method: str, first: str
) -> None:
    (tmp_path / "work.py").write_text(WORK, encoding="utf-8")
    ended = script(
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import multiprocessing as mp, work\n"
        f"first = {first}\n"
        f"context = mp.get_context({method!r})\n"
        "for way in ('returns', 'raises', 'exits'):\n"
        "    p = context.Process(target=work.work, args=(way,)); p.start(); p.join()"
    )
    ended.end()
    statuses = {run.json("meta")["project"]: run.status for run in recorded(folder)}
    statuses.pop("first", None)
    assert statuses == {"returns": "finished", "raises": "failed", "exits": "failed"}
