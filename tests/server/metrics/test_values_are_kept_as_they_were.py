"""Logged values are returned unchanged: integers beyond 2^53, booleans, texts, NaN, and unusual names."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from metrics.ingest.catch_up import catch_up
from metrics.query import series
from runs.models import Run
from tests.server.metrics.agreement import rows_of
from tests.server.metrics.journals import append, new_run


def logged(values: list[Any], name: str = "m") -> Run:
    run = new_run(1)
    for step, value in enumerate(values):
        data = {name: value, "global_step": step, "time": 1.7e9 + step}
        event = {"ts": 1.7e9 + step, "type": "metrics", "data": data}
        append(run, json.dumps(event, ensure_ascii=False).encode() + b"\n")
    assert catch_up(run, wait=60) == 0
    return run


def column(run: Run, name: str = "m") -> list[Any]:
    return [row.get(name) for row in rows_of(series.rows_by_step(run))]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.5, -0.0, 1e300, 5e-324], "float"),
        ([2**53 + 1, 2**63 - 1, -(2**63), 0], "int"),
        ([True, False, True], "bool"),
        (["warm", "", "naïve ✓", "warm"], "text"),
        ([1, 2.5, True], "float"),
        ([1, "n/a", 2.5, False], "mixed"),
    ],
)
def test_each_kind_of_value_is_returned_exactly(store: Path, values: list[Any], kind: str) -> None:
    run = logged(values)
    assert column(run) == values
    assert list(map(type, column(run))) == list(map(type, values))
    assert series.run_series(run)["series"][0]["kind"] == kind


def test_whole_numbers_beyond_64_bits_become_floats(store: Path) -> None:
    assert column(logged([2**63, -(2**70), 10**400])) == [2.0**63, -(2.0**70), math.inf]


def test_a_whole_number_stays_exact_beside_a_float_without_a_step(store: Path) -> None:
    run = new_run(1)
    append(run, b'{"ts":1.0,"type":"metrics","data":{"m":9007199254740993,"global_step":4,"time":1.0}}\n')
    append(run, b'{"ts":2.0,"type":"metrics","data":{"m":0.5,"time":2.0}}\n')
    catch_up(run, wait=60)
    (entry,) = series.run_series(run)["series"]
    assert (entry["kind"], entry["y"].tolist()) == ("int", [2**53 + 1])


def test_values_that_are_no_metrics_are_left_out(store: Path) -> None:
    run = logged([None, [1, 2], {"a": 1}, 0.5])
    assert column(run) == [None, None, None, 0.5]
    assert series.run_series(run)["series"][0]["count"] == 1


def test_not_a_number_is_kept_and_named(store: Path) -> None:
    run = logged([1.0, math.nan, math.inf, -math.inf, 2.0])
    (entry,) = series.run_series(run)["series"]
    assert entry["special"] == [[1, "nan"], [2, "inf"], [3, "-inf"]]
    assert (entry["min"], entry["max"], entry["last"]) == (1.0, 2.0, 2.0)


def test_a_long_text_is_cut(store: Path) -> None:
    (text,) = column(logged(["x" * 5000]))
    assert text == "x" * 999 + "…"


def test_reserved_names_are_no_metrics(store: Path) -> None:
    run = new_run(1)
    data = '{"loss":1,"global_step":1,"step":9,"time":5.0,"ts":3,"stage":"train"}'
    append(run, f'{{"ts":5.0,"type":"metrics","data":{data}}}\n'.encode())
    catch_up(run, wait=60)
    rows = series.rows_by_step(run)
    assert rows.columns == ["global_step", "loss", "time", "stage"]
    assert rows_of(rows) == [{"global_step": 1, "loss": 1, "time": 5.0, "stage": "train"}]


@pytest.mark.parametrize("name", ["", " ", "a,b", "ü/✓", "x" * 255, "with\nnewline"])
def test_a_name_is_kept_whatever_it_is(store: Path, name: str) -> None:
    run = logged([1.0, 2.0], name)
    assert column(run, name) == [1.0, 2.0]
    assert [entry["name"] for entry in series.run_series(run, [name])["series"]] == [name]


@pytest.mark.parametrize("name", ["y" * 256, "nul\0", "z" * 100_000])
def test_a_name_the_database_cannot_hold_is_shortened_and_stays_its_own(store: Path, name: str) -> None:
    run = logged([1.0], name)
    (short,) = (entry["name"] for entry in series.run_series(run)["series"])
    assert len(short) <= 255 and "…" in short
    assert column(run, short) == [1.0]
