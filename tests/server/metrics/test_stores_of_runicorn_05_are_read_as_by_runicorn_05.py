"""Rows of a store of Runicorn 0.5.3, compared with its own way of making rows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from metrics.ingest.catch_up import catch_up
from metrics.query import series
from runs.services.lookup import get_run
from tests.server.metrics.agreement import rows_of


def as_the_reference_reads(journal: Path) -> list[dict[str, Any]]:
    """One row a step, later events overwriting; numbers, texts and booleans kept, NaN as null."""
    rows: dict[int, dict[str, Any]] = {}
    for line in journal.read_text("utf-8", "ignore").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if (
            not isinstance(event, dict)
            or event.get("type") != "metrics"
            or not isinstance(event.get("data"), dict)
        ):
            continue
        data = event["data"]
        step = data.get("global_step", data.get("step"))
        if step is None:
            continue
        row = rows.setdefault(int(step), {"global_step": int(step)})
        for name, value in data.items():
            if name not in ("global_step", "step") and isinstance(value, int | float | str):
                finite = not isinstance(value, float) or math.isfinite(value)
                row[name] = value if finite else None
    return [rows[step] for step in sorted(rows)]


def test_every_row_is_the_same(fixture_store: Path) -> None:
    journals = sorted(fixture_store.glob("*/*/runs/*/events.jsonl"))
    assert len(journals) > 10
    compared = 0
    for journal in journals:
        run = get_run(journal.parent.name, deleted=True)
        assert catch_up(run, wait=30) == 0
        expected = as_the_reference_reads(journal)
        rows = series.rows_by_step(run)
        got = [
            {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in row.items()}
            for row in rows_of(rows)
        ]
        columns = {name for row in expected for name in row}
        assert set(rows.columns) == columns, journal
        assert got == [{name: row.get(name) for name in rows.columns} for row in expected], journal
        compared += len(got)
    assert compared > 1000
