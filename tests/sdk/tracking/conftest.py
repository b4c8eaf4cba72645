"""Runs begun in the test's own process, and ended with the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from runicorn.tracking import switch
from runicorn.tracking.exit import hooks
from tests.sdk.tracking.scripts import Script, Scripts

LAUNCHERS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "SLURM_", "OMPI_", "PMI_", "PMIX_")


@pytest.fixture(autouse=True)
def alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the launcher that started it, and none leaves a run open."""
    for name in list(os.environ):
        if name.startswith(LAUNCHERS):
            monkeypatch.delenv(name)
    monkeypatch.setattr(switch, "_said_in", None, raising=False)
    yield
    for run in hooks.open_runs():
        run.end("finished", None)


@pytest.fixture
def begin(folder: Path) -> Callable[..., rn.Run]:
    """`rn.init` with a store of this test, and without what runs beside a training."""
    alone = {"capture_env": False, "system_metrics": False}

    def init(project: str = "p", name: str = "n", **more: Any) -> rn.Run:
        return rn.init(project, name, **{"storage": folder, **alone, **more})

    return init


@pytest.fixture
def script(folder: Path, home: Path) -> Iterator[Callable[..., Script]]:
    """Runs a training script in a process of its own, over the store of this test."""
    scripts = Scripts(folder, home)
    yield scripts.start
    scripts.stop()
