"""A naive parser of journals: all lines in memory, dictionaries, sorting."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from metrics.ingest.parse import stored_name

FAR = 1e11
TEXT = 1000


@dataclass
class Row:
    row: int
    step: int | None
    time: float
    stage: Any
    values: dict[str, Any]


@dataclass
class Naive:
    """A journal as a list of rows."""

    rows: list[Row] = field(default_factory=list)
    system: list[Row] = field(default_factory=list)
    lines: int = 0
    bad: int = 0
    untimed: int = 0

    def by_step(self) -> tuple[list[str], list[dict[str, Any]]]:
        """Columns and rows of `metrics_step`."""
        merged: dict[int, dict[str, Any]] = {}
        for row in self.rows:
            if row.step is not None:
                record = merged.setdefault(row.step, {"global_step": row.step})
                record |= row.values | {"time": row.time}
                if row.stage is not None:
                    record["stage"] = row.stage
        return _filled("global_step", "time", [merged[step] for step in sorted(merged)])

    def by_time(self) -> tuple[list[str], list[dict[str, Any]]]:
        """Columns and rows of `metrics`."""
        first = min((row.time for row in self.rows), default=0.0)
        rows = []
        for row in sorted(self.rows, key=lambda row: (row.time, row.row)):
            stage = {} if row.stage is None else {"stage": row.stage}
            rows.append({"time": row.time - first, "global_step": row.step} | row.values | stage)
        return _filled("time", "global_step", rows)

    def names(self, *, stepped: bool) -> list[str]:
        """Metrics with a point that has a step, or any point."""
        rows = [row for row in self.rows if row.step is not None or not stepped]
        return sorted({name for row in rows for name in row.values})

    def by_step_of(self, name: str) -> list[tuple[int, Any]]:
        """(step, value) of a metric, ascending."""
        last = {
            row.step: row.values[name] for row in self.rows if name in row.values and row.step is not None
        }
        return sorted(last.items())

    def by_time_of(self, name: str) -> list[tuple[float, Any]]:
        """(time, value) of a metric, ascending."""
        rows = sorted((row for row in self.rows if name in row.values), key=lambda row: (row.time, row.row))
        return [(row.time, row.values[name]) for row in rows]


def parse(journal: bytes, last_time: float = 0.0, *, ended: bool = False) -> Naive:
    """Read a journal of a run that started at `last_time`; `ended`: its last record counts without a newline."""
    naive = Naive()
    for number, line in enumerate(complete_lines(journal, ended=ended).split(b"\n")[:-1]):
        naive.lines += 1
        if not line.strip():
            continue
        try:
            event = json.loads(line.decode("utf-8", "ignore"))
        except (ValueError, RecursionError):
            naive.bad += 1
            continue
        if not isinstance(event, dict):
            naive.bad += 1
            continue
        data = event.get("data")
        if not isinstance(data, dict) or event.get("type") not in ("metrics", "system"):
            continue
        time = _time([data.get("time"), event.get("ts"), data.get("ts")])
        naive.untimed += time is None
        last_time = last_time if time is None else time
        values = {
            stored_name(name): kept_value
            for name, value in data.items()
            if name not in RESERVED and (kept_value := _kept(value)) is not None
        }
        row = Row(number, _step(data), last_time, _kept(data.get("stage")), values)
        (naive.rows if event["type"] == "metrics" else naive.system).append(row)
    return naive


def complete_lines(journal: bytes, *, ended: bool) -> bytes:
    """Return the lines that count, each with its newline."""
    lines, newline, last = journal.rpartition(b"\n")
    if ended and last.endswith(b"}"):
        with suppress(ValueError, RecursionError):
            if isinstance(json.loads(last), dict):
                return journal + b"\n"
    return lines + newline


RESERVED = {"global_step", "step", "time", "ts", "stage"}


def _kept(value: Any) -> Any:
    """What is stored of a value: None for what is not kept."""
    if isinstance(value, str):
        text = value if len(value) <= TEXT else value[: TEXT - 1] + "…"
        return text.encode("utf-8", "replace").decode()
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return value
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return None


def _step(data: dict[str, Any]) -> int | None:
    for key in ("global_step", "step"):
        try:
            step = int(data.get(key))  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            continue
        if -(2**63) <= step < 2**63:
            return step
    return None


def _time(candidates: list[Any]) -> float | None:
    for value in candidates:
        if isinstance(value, int | float) and not isinstance(value, bool) and -FAR < value < FAR:
            return float(value)
    return None


def _filled(first: str, other: str, rows: list[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    if not rows:
        return [], []
    names = {name for row in rows for name in row} - {first, other, "stage"}
    columns = [first, *sorted([*names, other])]
    if any("stage" in row for row in rows):
        columns.append("stage")
    return columns, [{column: row.get(column) for column in columns} for row in rows]


def same(a: Any, b: Any) -> bool:
    """Equal as values, NaN to NaN, and a boolean is no number."""
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return type(a) is type(b) and a == b
