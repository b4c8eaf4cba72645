"""Earlier runs with the same config and sources are recognised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runicorn.capture.sources import duplicate_run
from tests.folders import write_run

BEGIN = 1_768_404_645.0


@pytest.mark.parametrize(("ended", "is_found"), [(BEGIN - 1, True), (BEGIN + 1, False)])
def test_a_run_that_was_open_at_the_same_time_was_not_tried_before(
    tmp_path: Path, ended: float, is_found: bool
) -> None:
    runs = {}
    for run_id, begun in (("20260114_153000_a1b2c0", BEGIN - 60), ("20260114_153045_a1b2c1", BEGIN)):
        write_run(tmp_path, "p", "n", run_id=run_id, created_at=begun, config={"lr": 0.1})
        runs[run_id] = tmp_path / "p" / "n" / "runs" / run_id
        (runs[run_id] / "sources.json").write_text(json.dumps({"identity": "same"}))
    first, second = runs
    (runs[first] / "status.json").write_text(json.dumps({"status": "finished", "ended_at": ended}))
    assert duplicate_run.find(runs[second]) == (first if is_found else None)
