"""Parsing all lines of a chunk at once equals parsing them one by one."""

from __future__ import annotations

import gc
import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.ingest.parse import Batch, parse
from metrics.store.lanes import Lane
from tests.server.metrics import naive
from tests.server.metrics.journals import Scribe
from tests.server.metrics.naive import same

GOOD = b'{"ts":1.0,"type":"metrics","data":{"loss":0.5,"global_step":1,"time":1.0}}\n'


def rows_of(batch: Batch) -> dict[int, dict[str, object]]:
    """The metrics of a batch by line."""
    rows: dict[int, dict[str, object]] = {}
    for (lane, name), points in batch.series.items():
        if lane in (Lane.ROWS, Lane.STEPLESS_ROWS):
            for row in points.row.tolist():
                rows.setdefault(row, {})
        elif lane in (Lane.METRIC, Lane.STEPLESS):
            for row, value in zip(points.row.tolist(), points.value.objects(), strict=True):
                rows.setdefault(row, {})[name] = value
    return rows


def in_order(rows: dict[int, dict[str, object]]) -> list[tuple[int, list[tuple[str, object]]]]:
    return [(row, sorted(values.items())) for row, values in sorted(rows.items())]


@given(st.integers(0, 2**40))
def test_a_journal_is_parsed_as_the_plainest_reading_does(seed: int) -> None:
    random = Random(seed)
    content = Scribe(random).lines(30)
    truth, batch = naive.parse(content), parse(content, 0)
    assert (batch.rows, batch.bad) == (truth.lines, truth.bad)
    rows = rows_of(batch)
    assert sorted(rows) == [row.row for row in truth.rows]
    for row in truth.rows:
        assert same(sorted(rows[row.row].items()), sorted(row.values.items()))


@given(st.integers(0, 2**40), st.integers(1, 29))
def test_the_place_of_a_cut_makes_no_difference(seed: int, cut: int) -> None:
    lines = Scribe(Random(seed)).lines(30).splitlines(keepends=True)
    at_once = parse(b"".join(lines), 0)
    first = parse(b"".join(lines[:cut]), 0)
    second = parse(b"".join(lines[cut:]), first.rows, first.last_time)
    together = rows_of(first) | rows_of(second)
    assert same(in_order(together), in_order(rows_of(at_once)))
    assert (first.bad + second.bad, second.last_time) == (at_once.bad, at_once.last_time)


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"a":1},{"b":2}'],
        [b'{"a":[{"x":1}', b'{"y":2}]}'],
        [b'{"a":1},{"b":2}', b'{"a":[{"x":1}', b'{"y":2}]}'],
        [b'{"a":1},0,{"b":2}', b'{"a":[{"x":1}', b'{"y":2}]}'],
        [b"1],[2", b"[3", b"4]"],
        [b""],
        [b"", b"  ", b"\t\r"],
        [b"[]"],
        [b"\xff\xfe"],
        [b"\xef\xbb\xbf{}"],
        [b"{", b"}"],
        [b"NaN"],
        [b"1" * 5000],
        [b"[" * 100_000],
    ],
)
def test_lines_that_are_no_events_stay_lines(lines: list[bytes]) -> None:
    content = GOOD + b"".join(line + b"\n" for line in lines) + GOOD
    batch, truth = parse(content), naive.parse(content)
    assert (batch.rows, batch.bad) == (truth.lines, truth.bad)
    points = batch.series[Lane.METRIC, "loss"]
    assert points.row.tolist() == [0, len(lines) + 1]


def test_bytes_after_the_last_newline_are_left_out() -> None:
    assert parse(GOOD + GOOD[:20]).rows == 1
    assert parse(GOOD[:20]).rows == 0
    assert parse(b"").rows == 0


def test_the_rest_of_a_line_that_was_too_long_is_bad() -> None:
    batch = parse(GOOD + GOOD, 5, continued=True)
    assert (batch.rows, batch.bad) == (2, 1)
    assert batch.series[Lane.METRIC, "loss"].row.tolist() == [6]


def test_an_event_without_a_time_has_the_one_before_it() -> None:
    events = [{"data": {"loss": 1.0}}, {"ts": 7, "data": {"loss": 2.0}}, {"data": {"loss": 3.0, "time": "x"}}]
    content = b"".join(json.dumps({"type": "metrics"} | event).encode() + b"\n" for event in events)
    assert parse(content, last_time=4.0).series[Lane.STEPLESS, "loss"].time.tolist() == [4.0, 7.0, 7.0]


@pytest.mark.parametrize("is_on", [True, False])
def test_garbage_collection_is_as_it_was_before(is_on: bool) -> None:
    was_on = gc.isenabled()
    try:
        (gc.enable if is_on else gc.disable)()
        assert parse(GOOD).records == 1
        assert gc.isenabled() == is_on
    finally:
        (gc.enable if was_on else gc.disable)()
