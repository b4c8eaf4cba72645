"""`python -m` and `python -c`: a bare `raise SystemExit` is recorded by the companion process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runicorn.companion.exit_status import exit_code
from tests.processes import environment
from tests.sdk.tracking.scripts import recorded
from tests.waiting import until

TRAINING = """
import sys
import runicorn as rn

run = rn.init(capture_env=False, system_metrics=False)
run.log(loss=1.0)
{statement}
"""


def exit_codes_are_visible() -> bool:
    """Whether the system reports the exit code of a reaped process to others."""
    import os

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        fd = os.pidfd_open(process.pid)
    try:
        return exit_code(fd, "") is not None
    finally:
        os.close(fd)


@pytest.mark.parametrize("how", ["-m", "-c"])
@pytest.mark.parametrize(
    ("statement", "code", "ending"),
    [
        ("raise SystemExit(2)", 2, ("failed", "exit: 2")),
        ("raise SystemExit('no data')", 1, ("failed", "exit: 1")),
        ("raise SystemExit(0)", 0, ("finished", None)),
        ("pass", 0, ("finished", None)),
        ("sys.exit(3)", 3, ("failed", "exit: 3")),
        ("run.finish(); raise SystemExit(2)", 2, ("finished", None)),
    ],
)
def test_the_exit_code_of_a_module_sets_the_status(
    tmp_path: Path, folder: Path, home: Path, how: str, statement: str, code: int, ending: tuple[str, str]
) -> None:
    if not exit_codes_are_visible():
        pytest.skip("the system reports exit codes to the parent only")
    text = TRAINING.format(statement=statement)
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "__init__.py").touch()
    (tmp_path / "train" / "__main__.py").write_text(text, encoding="utf-8")
    process = subprocess.run(
        [sys.executable, how, text if how == "-c" else "train"],
        cwd=tmp_path,
        env=environment(home, RUNICORN_DIR=str(folder), RUNICORN_COMPANION="on"),
        capture_output=True,
        timeout=60,
        check=False,
    )
    (run,) = recorded(folder)
    assert process.returncode == code
    until(lambda: (run.status, run.reason) == ending)
