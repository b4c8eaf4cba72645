"""`kill -9` of the trainer or of the viewer at any moment: every `log()` that returned is in the answer, once."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import Viewer, train
from tests.waiting import until

SCRIPT = """
import sys
import runicorn as rn

run = rn.init(project="p", name="n", storage=sys.argv[1], run_id=sys.argv[2], resume=True, system_metrics=False)
print("ready", flush=True)
step = int(sys.argv[3])
while True:
    step += 1
    run.log({"loss": step / 7, "count": step}, step=step)
    sys.stdout.write(f"{step}\\n")
    sys.stdout.flush()
"""


def _train_until(root: Path, home: Path, run_id: str, first: int, count: int) -> int:
    """Log until at least `count` steps were acknowledged, kill the process, and return the last acknowledged step."""
    with train(SCRIPT, root, home, str(root), run_id, str(first)) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready", process.stderr and process.stderr.read()
        last = first
        for _ in range(count):
            last = int(process.stdout.readline())
        process.kill()
        rest, _ = process.communicate(timeout=60)
    complete_lines = [line for line in rest.split("\n")[:-1] if line]
    return int(complete_lines[-1]) if complete_lines else last


def _steps(viewer: Viewer, run_id: str) -> list[int]:
    answer = viewer.get(f"/api/runs/{run_id}/metrics_step")
    assert answer.status_code == 200, answer.text
    rows = answer.json()["rows"]
    assert all(row["loss"] == row["global_step"] / 7 and row["count"] == row["global_step"] for row in rows)
    return [row["global_step"] for row in rows]


def _kill_and_compare(
    start_viewer: Callable[..., Viewer], root: Path, home: Path, rounds: int, seed: int
) -> None:
    chance = random.Random(seed)
    run_id = "20260101_000000_abcdef"
    viewer = start_viewer(root, RUNICORN_RATE_LIMIT="off")
    acknowledged = 0
    for _ in range(rounds):
        acknowledged = _train_until(root, home, run_id, acknowledged, chance.randint(20, 3000))
        if chance.random() < 0.5:
            viewer.kill()
            viewer = start_viewer(root, RUNICORN_RATE_LIMIT="off")
        steps = until(lambda viewer=viewer, last=acknowledged: _caught_up(viewer, run_id, last))
        # A record written but not yet reported when the process died may be there as well.
        assert steps[:acknowledged] == list(range(1, acknowledged + 1))
        assert len(set(steps)) == len(steps)
        count = viewer.get(f"/api/v2/experiments/{run_id}/series?names=loss&points=100").json()["series"][0][
            "count"
        ]
        assert count >= acknowledged
        acknowledged = steps[-1]


def _caught_up(viewer: Viewer, run_id: str, last: int) -> list[int] | None:
    steps = _steps(viewer, run_id)
    return steps if steps and steps[-1] >= last else None


def test_every_log_that_returned_is_there_after_kills(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    _kill_and_compare(start_viewer, folder, home, rounds=3, seed=7)


@pytest.mark.torture
def test_every_log_that_returned_is_there_after_many_kills(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    _kill_and_compare(start_viewer, folder, home, rounds=60, seed=11)
