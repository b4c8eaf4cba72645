"""The demo, really played once for all tests of this folder."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import environment
from tests.records import Record, records


@dataclass(frozen=True)
class Played:
    """What `runicorn demo` printed, and the runs it left."""

    root: Path
    status: int
    output: str
    errors: str
    runs: list[Record]


def demo(root: Path, home: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`runicorn demo` in a process of its own."""
    home.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "runicorn", "demo", "--storage", str(root), *options],
        env=environment(home, **more),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Three runs of the demo: one that learns, one that diverges, one that crashes."""
    folder = tmp_path_factory.mktemp("demo")
    ended = demo(folder / "store", folder / "home", "--runs", "3", "--seed", "0")
    return Played(folder / "store", ended.returncode, ended.stdout, ended.stderr, records(folder / "store"))
