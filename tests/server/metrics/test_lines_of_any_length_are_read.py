"""A line of a megabyte is one line; an endless line is skipped when it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metrics.ingest.catch_up import catch_up
from metrics.models import Journal
from metrics.query import series
from runicorn.store import journal
from tests.large import many
from tests.server.metrics.agreement import rows_of
from tests.server.metrics.journals import append, new_run


def line(step: int, **values: object) -> bytes:
    data = values | {"global_step": step, "time": float(step)}
    return json.dumps({"ts": step, "type": "metrics", "data": data}).encode() + b"\n"


def test_a_line_longer_than_a_block_is_read_completely(store: Path) -> None:
    run = new_run(1)
    wide = {f"some/metric/{i:0200}": i / 7 for i in many(range(1_300))}
    long = line(2, **wide)
    assert len(long) > 262_144
    append(run, line(1, loss=1.0) + long + line(3, loss=3.0))
    assert catch_up(run, wait=60) == 0
    rows = rows_of(series.rows_by_step(run))
    assert [row["global_step"] for row in rows] == [1, 2, 3]
    assert {name: rows[1][name] for name in wide} == wide


def test_a_line_that_is_too_long_is_one_bad_line(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LINE_CEILING", 1024 * 1024)
    run = new_run(1)
    # What stands behind the ceiling would be a line of its own, were it read without what stands before.
    endless = b"x" * 1024 * 1024 + line(2, loss=2.0)
    append(run, line(1, loss=1.0) + endless + line(3, loss=3.0))
    assert catch_up(run, wait=60) == 0
    assert [row["global_step"] for row in rows_of(series.rows_by_step(run))] == [1, 3]
    journal_row = Journal.objects.get(run=run)
    assert (journal_row.rows, journal_row.bad_lines) == (3, 1)
