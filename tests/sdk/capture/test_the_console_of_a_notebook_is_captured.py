"""Console capture under IPython and in the kernel of a notebook, over several cells."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import environment
from tests.sdk.tracking.scripts import only_run

BEGIN = "import runicorn as rn; run = rn.init(capture_console=True, capture_env=False, system_metrics=False)"


def _log(folder: Path) -> list[str]:
    return [line[11:] for line in only_run(folder).log().splitlines()]


@pytest.fixture
def cell(folder: Path, home: Path) -> Iterator[Callable[[str], str]]:
    """Run a cell in a kernel of its own and return what it printed."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.kernel_cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    surroundings = environment(home, RUNICORN_DIR=str(folder), IPYTHONDIR=str(folder.parent))
    manager.start_kernel(env=surroundings, cwd=str(folder.parent))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)

    def run(text: str) -> str:
        printed: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            printed.append(message["content"].get("text", ""))

        client.execute_interactive(text, timeout=60, output_hook=hook)
        return "".join(printed)

    try:
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_every_cell_of_a_notebook_is_captured_once(folder: Path, cell: Callable[[str], str]) -> None:
    cell(BEGIN + "; print('first')")
    assert cell("print('second')") == "second\n"
    assert cell("import sys; print('third', file=sys.stderr)") == "third\n"
    cell("import threading; go = threading.Event()")
    cell("t = threading.Thread(target=lambda: (go.wait(30), print('from a thread'))); t.start()")
    cell("go.set(); t.join()")
    cell("run.finish()")
    cell("print('after the end')")
    log = _log(folder)
    assert [line for line in log if not line.startswith("runicorn:")] == [
        "first",
        "second",
        "third",
        "from a thread",
    ]


def test_a_stream_is_restored_when_the_run_ends_in_the_cell_that_began_it(
    cell: Callable[[str], str],
) -> None:
    cell(BEGIN + "; print('captured'); run.finish()")
    assert cell("import sys; print(hasattr(sys.stdout.write, 'runicorn_tap'))") == "False\n"


def test_a_second_run_in_a_later_cell_is_captured_beside_the_first(
    folder: Path, cell: Callable[[str], str]
) -> None:
    cell(BEGIN)
    cell("second = rn.init('other', capture_console=True, capture_env=False, system_metrics=False)")
    cell("print('both')")
    for run in folder.glob("*/*/runs/*"):
        lines = [line[11:] for line in (run / "logs.txt").read_text().splitlines()]
        assert lines.count("both") == 1, lines


def test_every_input_of_a_terminal_session_is_captured_once(folder: Path, home: Path) -> None:
    session = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"],
        input=f"{BEGIN}\nprint('first')\nprint('second')\nrun.finish()\n",
        env=environment(home, RUNICORN_DIR=str(folder), IPYTHONDIR=str(folder.parent), TERM="dumb")
        | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert session.returncode == 0, session.stderr
    lines = " ".join(_log(folder))
    assert lines.count("first") == 1 and lines.count("second") == 1, lines
