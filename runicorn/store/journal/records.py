"""Metrics records of a run's journal, read in constant memory."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.averages import within
from runicorn.store.journal import complete
from runicorn.store.journal.checksums import salvage

CHUNK = 256 * 1024
FIRST_COLUMNS = ("global_step", "step", "time", "stage")


def metric_records(run_dir: Path) -> Iterator[dict[str, Any]]:
    """Yield the `data` of each metrics event, restricted to numbers, booleans, texts and nulls.

    Damaged lines, an incomplete last line and other events are skipped; a missing journal has no records.
    """
    for _end, records in records_after(run_dir, 0):
        yield from records


def records_after(run_dir: Path, offset: int) -> Iterator[tuple[int, Iterator[dict[str, Any]]]]:
    """Yield the same records behind a byte offset, some at a time, each time with the offset behind them."""
    try:
        fd = _platform.open_regular(run_dir / layout.EVENTS, follow_links=False)
    except FileNotFoundError:
        return
    try:
        while chunk := complete(fd, offset, CHUNK):
            offset += len(chunk)
            yield offset, filter(None, map(_record, chunk.split(b"\n")))
    finally:
        os.close(fd)


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        rest = salvage(line)
        return _record(rest) if rest else None
    if (
        not isinstance(event, dict)
        or event.get("type") != "metrics"
        or not isinstance(event.get("data"), dict)
    ):
        return None
    return {key: value for key, value in event["data"].items() if not isinstance(value, (list, dict))}


def columns(run_dir: Path) -> list[str]:
    """Return the names in the records: step, time and stage first, the others sorted."""
    names = {name for record in metric_records(run_dir) for name in record}
    return [*(name for name in FIRST_COLUMNS if name in names), *sorted(names.difference(FIRST_COLUMNS))]


@dataclass
class Statistics:
    """Statistics of one metric: of finite values, except `count` and `last`."""

    minimum: float = math.inf
    maximum: float = -math.inf
    mean: float = 0.0
    finite: int = 0
    count: int = 0
    last: float = math.nan

    def add(self, value: float) -> None:
        self.count += 1
        self.last = value
        if math.isfinite(value):
            self.finite += 1
            self.minimum, self.maximum = min(self.minimum, value), max(self.maximum, value)
            # Running mean: a sum of large numbers would be infinite.
            moved = self.mean + (value / self.finite - self.mean / self.finite)
            self.mean = within(moved, self.minimum, self.maximum)


def statistics(run_dir: Path) -> tuple[dict[str, Statistics], int]:
    """Return the statistics of each metric by name, sorted, and the number of records."""
    statistics_by_name: dict[str, Statistics] = {}
    records = 0
    for record in metric_records(run_dir):
        records += 1
        for name, value in record.items():
            if name not in FIRST_COLUMNS and number(value) is not None:
                statistics_by_name.setdefault(name, Statistics()).add(float(value))
    return dict(sorted(statistics_by_name.items())), records


def number(value: Any) -> float | None:
    """Return the value of a metric if it is a number; booleans and texts are not."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
