"""Scripts of other trackers, run as their users run them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.processes import environment

Launch = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def launch(folder: Path, home: Path, tmp_path: Path) -> Launch:
    """Run a script by `python -m runicorn.compat`, or by another command; its runs are in `folder`."""

    def run(
        text: str, *arguments: str, command: tuple[str, ...] = ("-m", "runicorn.compat"), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "train.py"
        script.write_text(dedent(text), encoding="utf-8")
        return subprocess.run(
            [sys.executable, *command, "train.py", *arguments],
            cwd=tmp_path,
            env=environment(home, RUNICORN_DIR=str(folder), **variables),
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
