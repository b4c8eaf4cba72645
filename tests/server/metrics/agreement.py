"""Compare every read of a run with a naive parse of its journal."""

from __future__ import annotations

import math
from dataclasses import fields
from random import Random
from typing import Any

import numpy as np

from metrics.ingest.journal_summary import metric_stats
from metrics.models import Journal
from metrics.query import series
from runs.models import Run, RunMetric
from runs.store.metric_stats import MetricStats
from tests.server.metrics import naive
from tests.server.metrics.naive import Naive, same


def check_everything(run: Run, journal: bytes, random: Random) -> None:
    """Compare rows, series, samples and statistics of a run that has ended with those of `journal`."""
    truth = naive.parse(journal, run.created, ended=True)
    row = Journal.objects.get(run=run)
    assert (row.rows, row.bad_lines, row.untimed) == (truth.lines, truth.bad, truth.untimed)
    assert row.offset == min(len(journal), len(naive.complete_lines(journal, ended=True)))
    check_rows(run, truth)
    check_samples(run, truth, random)
    for x in ("step", "time"):
        for points in (4, 9, 60, 5000):
            check_series(run, truth, x, points, None, None)
        low, high = sorted(random.choices(range(-5, 150), k=2))
        for step_range in ((low, high), (None, high), (low, None)):
            check_series(run, truth, x, 7, step_range, None)
        check_series(run, truth, x, 12, None, random.randint(-1, truth.lines))
    check_statistics(run, truth)


def rows_of(rows: series.Rows) -> list[dict[str, Any]]:
    return [row for block in rows.blocks() for row in block]


def check_rows(run: Run, truth: Naive) -> None:
    for rows, (columns, expected) in (
        (series.rows_by_step(run), truth.by_step()),
        (series.rows_by_time(run), truth.by_time()),
    ):
        got = rows_of(rows)
        assert rows.columns == columns
        assert same(got, expected), (got, expected)
        assert rows.total == rows.sampled == len(expected)


def check_samples(run: Run, truth: Naive, random: Random) -> None:
    limit = random.choice([2, 5, 11, 40, 100])
    for reader, (columns, expected) in (
        (series.rows_by_step, truth.by_step()),
        (series.rows_by_time, truth.by_time()),
    ):
        rows = reader(run, limit)
        got = rows_of(rows)
        assert rows.columns == columns
        assert len(got) == rows.sampled <= max(limit, 0) and rows.total == len(expected)
        if len(expected) <= limit:
            assert same(got, expected)
            continue
        at = positions(got, expected)
        assert at == sorted(set(at)) and at[0] == 0 and at[-1] == len(expected) - 1
        assert same(rows_of(reader(run, limit)), got)
        metrics = [name for name in columns if name not in ("time", "global_step", "stage")]
        numeric = [name for name in metrics if extremes([row[name] for row in expected])]
        if rows.complete:
            for name in numeric:
                assert extremes([row[name] for row in got]) == extremes([row[name] for row in expected])
        else:
            assert 2 * len(metrics) + 2 > limit


def positions(some: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[int]:
    """Where the rows of a sample stand among all; each is taken once, in order."""
    positions, start = [], 0
    for row in some:
        start = next(i for i in range(start, len(rows)) if same(rows[i], row)) + 1
        positions.append(start - 1)
    return positions


def check_series(run: Run, truth: Naive, x: str, points: int, step_range: Any, after_row: int | None) -> None:
    answer = series.run_series(run, points=points, x=x, step_range=step_range, after_row=after_row)
    assert answer["last_row"] == truth.lines - 1
    stretch = within(truth, step_range, after_row, by_step=x == "step")
    got = {entry["name"]: entry for entry in answer["series"] if not entry.get("system")}
    names = stretch.names(stepped=x == "step")
    assert set(names) <= set(got)
    for name in got.keys() - set(names):
        assert got[name]["count"] == 0 and len(got[name]["x"]) == 0
    for name in names:
        expected = stretch.by_step_of(name) if x == "step" else stretch.by_time_of(name)
        check_entry(got[name], expected, points)
    if x == "time":
        measured = [e for e in answer["series"] if e.get("system")]
        assert sum(e["count"] for e in measured) == sum(len(row.values) for row in system(stretch))


def system(truth: Naive) -> list[naive.Row]:
    return truth.system


def within(truth: Naive, step_range: Any, after_row: int | None, *, by_step: bool) -> Naive:
    """The rows of a stretch. By step an earlier point that was logged again is gone, wherever the later one is."""
    low, high = step_range or (None, None)

    def inside(row: naive.Row, step: int) -> bool:
        after = after_row is None or row.row > after_row
        return after and (low is None or step >= low) and (high is None or step <= high)

    rows = [row for row in truth.rows if inside(row, 0 if row.step is None else row.step)]
    return Naive(rows, [row for row in truth.system if inside(row, 0)], truth.lines, truth.bad)


def check_entry(entry: dict[str, Any], expected: list[tuple[Any, Any]], points: int) -> None:
    assert entry["count"] == len(expected)
    xs, ys = entry["x"].tolist(), plot_values(entry)
    assert len(xs) == len(ys) <= points
    if len(expected) <= points:
        assert xs == [x for x, _ in expected]
        assert same(ys, [plot_value(value, entry["kind"]) for _, value in expected]), (entry, expected)
    else:
        assert (xs[0], xs[-1]) == (expected[0][0], expected[-1][0])
        pool = [(x, plot_value(value, entry["kind"])) for x, value in expected]
        start = 0
        for point in zip(xs, ys, strict=True):
            start = next(i for i in range(start, len(pool)) if same(pool[i], point)) + 1
    values = [value for _, value in expected]
    assert extremes([entry["min"], entry["max"]]) == extremes(values)
    if entry["kind"] not in ("text", "mixed"):
        assert extremes(ys) == extremes(values)
        assert points < 9 or any(map(odd, ys)) == any(map(odd, values))
    assert same(entry["last"], values[-1])


def plot_values(entry: dict[str, Any]) -> list[Any]:
    """The values of a curve with what stands beside them put in."""
    if entry["kind"] == "text":
        return [entry["labels"][code] for code in entry["y"].tolist()]
    ys = entry["y"].tolist()
    special = dict(entry["special"])
    assert all(math.isnan(ys[at]) or math.isinf(ys[at]) for at in special)
    if entry["kind"] in ("float", "mixed"):
        ys = [float(y) for y in ys]
    return [None if math.isnan(y) and i not in special else y for i, y in enumerate(ys)]


def plot_value(value: Any, kind: str) -> Any:
    if kind == "text":
        return value
    if isinstance(value, str):
        return None
    return float(value) if kind in ("float", "mixed") else int(value)


def odd(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def extremes(values: list[Any]) -> tuple[float, float] | None:
    """Lowest and highest of the finite numbers."""
    finite = [float(v) for v in values if isinstance(v, int | float) and math.isfinite(v)]
    return (min(finite), max(finite)) if finite else None


def check_statistics(run: Run, truth: Naive) -> None:
    rows_by_key = {row.key: row for row in RunMetric.objects.filter(run=run)}
    names = [field.name for field in fields(MetricStats)]
    statistics = {
        key: MetricStats(*(getattr(row, name) for name in names)) for key, row in rows_by_key.items()
    }
    assert metric_stats(run.path) == statistics
    assert set(rows_by_key) == set(truth.names(stepped=False))
    for name in truth.names(stepped=True):
        values = [row.values[name] for row in truth.rows if row.step is not None and name in row.values]
        assert rows_by_key[name].count == len(values)
        assert (rows_by_key[name].minimum, rows_by_key[name].maximum) == (extremes(values) or (None, None))
        last = values[-1]
        number = isinstance(last, int | float) and math.isfinite(last)
        assert rows_by_key[name].last == (float(last) if number else None)
        assert rows_by_key[name].last_special == (str(last) if odd(last) else None)


def arrays_equal(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Two answers of `series` hold the same curves."""
    pairs = zip(a["series"], b["series"], strict=True)
    return all(
        curve["name"] == other["name"]
        and np.array_equal(curve["x"], other["x"])
        and np.array_equal(curve["y"], other["y"], equal_nan=True)
        for curve, other in pairs
    )
