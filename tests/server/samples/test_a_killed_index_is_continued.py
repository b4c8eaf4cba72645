"""Processes that index samples are killed at random; what they leave is continued, and nothing is counted twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runicorn.store.samples import writer
from runicorn.store.samples.writer import SampleWriter
from samples.query import table, where
from samples.query.table import Filter
from samples.store import process
from samples.store.index import OLD_SECONDS, SampleIndex
from tests.processes import PROJECT, environment
from tests.waiting import until

ROWS = 3000


def test_all_samples_are_found_after_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "CHUNK_BYTES", 1_000_000)
    chance = random.Random(5)
    run_dir, folder = tmp_path / "run", tmp_path / "index"
    run_dir.mkdir()
    with SampleWriter(run_dir, "rollouts") as samples:
        for start in range(0, ROWS, 250):
            samples.append(
                (
                    {"id": str(n), "reward": n / ROWS, "completion": f"word{n} {chance.randbytes(900).hex()}"}
                    for n in range(start, start + 250)
                ),
                step=start,
            )
    command = [sys.executable, "-P", "-m", process.__name__, str(run_dir), "rollouts", str(folder)]
    killed = 0
    while killed < 8:
        before = _names(folder)
        child = subprocess.Popen([*command, "0", "1"], cwd=PROJECT, env=environment(tmp_path / "home"))
        # Killed while it writes its next piece, or just after that.
        until(lambda: _names(folder) != before or child.poll() is not None)  # noqa: B023 - called at once
        time.sleep(chance.random() / 100)
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        if child.returncode == 0:
            break
    assert killed
    for leftover in folder.glob(".*.tmp"):
        os.utime(leftover, (0, time.time() - OLD_SECONDS - 1))
    index = SampleIndex(run_dir, "rollouts", folder)
    assert index.catch_up().pending == 0
    assert not list(folder.glob(".*.tmp"))
    with index.pieces() as pieces:
        assert len(table.select(pieces, Filter())) == ROWS
        condition = where.parse("reward < 0.5")
        assert len(table.select(pieces, Filter(node=condition))) == ROWS // 2
        chosen = table.select(pieces, Filter(text="word2999"))
        page = table.page(index.source, chosen, 1, 50)
    assert page.total == 1 and page.rows[0]["id"] == "2999"


def _names(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.exists() else set()
