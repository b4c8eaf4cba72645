"""Runs and scripts as the tests of the SDK have them, and programs that stand in for those of a machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from tests.sdk.tracking.conftest import alone, script

__all__ = ["alone", "begin", "program", "script"]


@pytest.fixture
def begin(folder: Path) -> Callable[..., rn.Run]:
    """`rn.init` with a store of this test, and all that runs beside a training."""

    def init(project: str = "p", name: str = "n", **more: Any) -> rn.Run:
        return rn.init(project, name, **{"storage": folder, **more})

    return init


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """`program("nvidia-smi", "echo 0")` puts a real program with that shell script before all others."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name: str, text: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return make
