"""Ctrl-C ends the demo, and the run it was at."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.processes import environment
from tests.records import records
from tests.waiting import until


def test_control_c_ends_the_run_as_interrupted_and_begins_no_other(folder: Path, home: Path) -> None:
    home.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "runicorn", "demo", "--storage", str(folder)],
        env=environment(home),
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: [run for run in records(folder) if run.events("metrics")])
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode not in (0, None)
    assert "Traceback" not in errors
    assert records(folder)[-1].status["status"] == "interrupted"
    assert len(records(folder)) < 14
