"""A power cut takes nothing of a run that has ended, and at most the last seconds of one that goes on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn.store.journal import durability
from runicorn.store.journal.records import metric_records
from tests.power import Disk, disk
from tests.sdk.tracking.scripts import Recorded, Script, recorded

SLACK = 5.0
"""Seconds that a loaded machine may need for a sync."""
ENDS = """
for line in sys.stdin:
    run = rn.init("ends", storage=sys.argv[1], system_metrics=False)
    for step in range(1, int(line) + 1):
        run.log({"loss": 1 / step}, step=step)
        if step % 100 == 0:
            run.log_image("sample", b"x" * 5000)
            run.log_text(f"step {step}")
    run.finish()
    print(run.id, flush=True)
"""
GOES_ON = """
run = rn.init("goes-on", storage=sys.argv[1], system_metrics=False)
step = 0
print("ready", flush=True)
while True:
    step += 1
    run.log({"loss": 1 / step}, step=step)
    print(step, time.time(), flush=True)
    time.sleep(0.01)
"""


def _assert_whole(run: Recorded, steps: int) -> None:
    assert run.status == "finished"
    assert run.steps() == list(range(1, steps + 1))
    assert run.log().count("\n") == steps // 100
    images = run.events("image")
    assert len(images) == steps // 100
    for image in images:
        assert (run.path / image["path"]).read_bytes() == b"x" * 5000


def _end_run(ends: Script, steps: int) -> str:
    ends.tell(str(steps))
    return ends.hear()


def _cut(device: Disk, copy: Path, steps_by_run: dict[str, int]) -> None:
    with device.after_power_cut(copy) as root:
        runs = {run.path.name: run for run in recorded(root)}
        for run_id, steps in steps_by_run.items():
            _assert_whole(runs[run_id], steps)


def test_a_finished_run_is_whole_after_a_power_cut(script: Callable[..., Script], tmp_path: Path) -> None:
    with disk(tmp_path) as device:
        ends = script(ENDS, str(device.path))
        run_id = _end_run(ends, 2000)
        _cut(device, tmp_path / "copy", {run_id: 2000})
        ends.end()


@pytest.mark.torture
def test_a_run_that_goes_on_loses_the_last_seconds_at_most(
    script: Callable[..., Script], tmp_path: Path
) -> None:
    with disk(tmp_path) as device:
        goes_on = script(GOES_ON, str(device.path))
        assert goes_on.hear() == "ready"
        _assert_recent(device, tmp_path / "copy", goes_on)


def _assert_recent(device: Disk, copy: Path, goes_on: Script) -> None:
    """Wait until records are older than a sync may take, cut the power, and look for them."""
    began, expected = time.time(), 0
    while time.time() < began + durability.INTERVAL + SLACK:
        step, logged = goes_on.hear().split()
        expected = int(step) if float(logged) <= began else expected or int(step)
    with device.after_power_cut(copy) as root:
        (run,) = [run for run in recorded(root) if run.path.parts[-4] == "goes-on"]
        steps = [record["global_step"] for record in metric_records(run.path)]
        assert steps == list(range(1, len(steps) + 1)) and len(steps) >= expected > 0
        assert run.status == "running"


@pytest.mark.torture
def test_a_hundred_power_cuts_take_nothing_that_was_synced(
    script: Callable[..., Script], tmp_path: Path
) -> None:
    chance, ended = random.Random(11), dict[str, int]()
    with disk(tmp_path) as device:
        ends, goes_on = script(ENDS, str(device.path)), script(GOES_ON, str(device.path))
        assert goes_on.hear() == "ready"
        for cut in range(100):
            steps = chance.randint(100, 400)
            ended[_end_run(ends, steps)] = steps
            time.sleep(chance.uniform(0, 0.5))  # the moment of the cut
            _cut(device, tmp_path / f"copy{cut}", ended)
            if cut % 10 == 0:
                _assert_recent(device, tmp_path / f"recent{cut}", goes_on)
        ends.end()
