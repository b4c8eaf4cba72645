"""Interactive sessions: an exception ends a statement or a cell, never the run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import environment
from tests.sdk.tracking.scripts import Script, only_run

CELLS = """
import code
shell = code.InteractiveInterpreter()
def cell(text):
    shell.runcode(compile(text, "<cell>", "exec"))
cell("import runicorn as rn; run = rn.init()")
cell("1 / 0")
cell("run.log(loss=1.0); print(run._status)")
cell("raise KeyboardInterrupt")
cell("run.log(loss=2.0)")
"""
NOTEBOOK = """
import sys, traceback
sys.ps1 = "In [1]: "  # what IPython sets
run = rn.init()
def cell(text):
    try:
        exec(text, globals())
    except BaseException:  # as a kernel does
        sys.last_type, sys.last_value, sys.last_traceback = sys.exc_info()
        traceback.print_exc()
for text in ("1 / 0", "sys.exit(1)", "exit(2)", "run.log(loss=1.0)"):
    cell(text)
"""


def test_a_console_inside_a_program_ends_nothing(script: Callable[..., Script], folder: Path) -> None:
    ended = script(CELLS)
    assert ended.end() == 0 and "ZeroDivisionError" in ended.stderr and "running" in ended.stdout
    assert only_run(folder).steps() == [1, 2] and only_run(folder).status == "finished"


def test_a_cell_that_raises_or_exits_ends_nothing(script: Callable[..., Script], folder: Path) -> None:
    ended = script(NOTEBOOK)
    assert ended.end() == 0 and "ZeroDivisionError" in ended.stderr
    assert only_run(folder).steps() == [1] and only_run(folder).status == "finished"


@pytest.mark.parametrize("end", ["", "exit()\n"])
def test_a_statement_at_the_prompt_ends_nothing(folder: Path, home: Path, end: str) -> None:
    typed = (
        "import runicorn as rn\nrun = rn.init()\n1 / 0\nraise KeyboardInterrupt\nrun.log(loss=1.0)\n" + end
    )
    session = subprocess.run(
        [sys.executable, "-i"],
        input=typed,
        env=environment(home, RUNICORN_DIR=str(folder)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert session.returncode == 0 and "ZeroDivisionError" in session.stderr
    assert only_run(folder).steps() == [1] and only_run(folder).status == "finished"
