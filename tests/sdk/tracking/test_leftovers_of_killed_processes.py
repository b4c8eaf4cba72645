"""Temporary files of killed processes are removed by the companion, and by the next run of the experiment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.companion import judge
from runicorn.companion.watch import CompanionWatch


def leave(path: Path, age: float) -> Path:
    path.write_text("{")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_the_next_run_removes_old_ones_of_ours_only(begin: Callable[..., rn.Run]) -> None:
    first = begin()
    first.finish()
    old = leave(first.run_dir / ".status.json.77.0a1b2c3d.tmp", 7200)
    others = [
        leave(first.run_dir / ".status.json.78.0a1b2c3d.tmp", 60),
        leave(first.run_dir / ".mine.tmp", 7200),
        leave(first.run_dir / "model.tmp", 7200),
    ]
    begin()
    assert not old.exists() and all(path.exists() for path in others)


def test_the_companion_removes_those_of_its_training(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.finish()
    own = leave(run.run_dir / f".summary.json.{os.getpid()}.0a1b2c3d.tmp", 0)
    other = leave(run.run_dir / ".summary.json.1.0a1b2c3d.tmp", 0)
    watch = CompanionWatch(os.getpid(), "")
    watch.runs = [str(run.run_dir)]
    judge._judge(watch)
    assert not own.exists() and other.exists()


@pytest.mark.parametrize("step", [-86400.0, 86400.0])
def test_a_clock_that_is_set_does_not_change_the_duration(
    begin: Callable[..., rn.Run], monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    from tests.sdk.tracking.scripts import Recorded

    run = begin()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + step)
    run.finish()
    status = Recorded(run.run_dir).json("status")
    assert 0 <= status["ended_at"] - status["started_at"] < 60
