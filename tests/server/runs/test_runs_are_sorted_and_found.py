from __future__ import annotations

import functools
import math
import operator
from pathlib import Path
from typing import Any

import pytest

from runs.active_root import active_root
from runs.index.metric_index import record_metrics
from runs.query import counts, selectivity
from runs.query.find import find_runs
from runs.query.matches import Matches
from runs.query.ordering import Ordered, UnknownOrder
from runs.query.where.ast import All, Not
from runs.query.where.matching_rows import range_of
from runs.query.where.parser import parse
from runs.store.metric_stats import MetricStats
from tests.server.runs.conftest import row

VALUES = [0.5, None, 0.1, 0.9, None, 0.5]


def facts(value: float, step: int = 1) -> MetricStats:
    return MetricStats(value, step, value - 1, step, value + 1, step, 1)


def find(**filters: Any) -> Matches:
    return find_runs(active_root(), **filters)


def ordered(order: str, *, desc: bool = True, **filters: Any) -> Ordered:
    return Ordered(find(**filters), order, desc=desc)


def numbers(runs: Any) -> list[int]:
    return [int(run.run_id[-6:]) for run in runs]


@pytest.fixture
def six(store: Path, make_run: Any, look: Any) -> None:
    """Six runs, some of them with a value to sort by."""
    run_ids = [
        make_run(
            store,
            run_id=f"20260101_000000_{number:06d}",
            project=f"p{number % 2}",
            name="net" + "abc"[number % 3],
            created_at=1.7e9 + number,
            config={} if value is None else {"optim.lr": value, "name": f"v{value}"},
            summary={} if value is None else {"best_metric_value": value, "best_metric_name": "acc"},
        )
        for number, value in enumerate(VALUES)
    ]
    look()
    for run_id, value in zip(run_ids, VALUES, strict=True):
        if value is not None:
            values = {"a.b/loss": facts(value), "other": facts(-value)}
            record_metrics(run=row(run_id), values=values, last_write=1.7e9)


UP, DOWN = [2, 0, 5, 3], [3, 5, 0, 2]


def test_runs_without_the_value_come_last(six: None, subtests: pytest.Subtests) -> None:
    for order in [
        "best_metric_value",
        "metric.a.b/loss.last",
        "metric.a.b/loss.min",
        "metric.a.b/loss.max",
        "metric.a.b/loss.best",
        "config.optim.lr",
        "config.name",
    ]:
        with subtests.test(order=order):
            assert numbers(ordered(order, desc=False)[:]) == [*UP, 1, 4]
            assert numbers(ordered(order, desc=True)[:]) == [*DOWN, 4, 1]


def test_a_condition_on_what_sorts_is_a_part_of_the_order(
    six: None, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    for where, expected in [
        ("metric.a.b/loss.last >= 0.5", [0, 5, 3]),
        ("metric.a.b/loss.last < 0.9 and config.optim.lr > 0.1", [0, 5]),
        ("not metric.a.b/loss.last < 0.5", [0, 5, 3, 1, 4]),
        ("metric.a.b/loss.last > 0.5 or config.optim.lr < 0.5", [2, 3]),
    ]:
        for rare in [0, 1000]:
            with subtests.test(rare=rare, where=where, expected=expected):
                monkeypatch.setattr(selectivity, "RARE", rare)
                monkeypatch.setattr(selectivity, "PAGE", 0)
                for order in ("metric.a.b/loss.last", "metric.a.b/loss.max", "config.optim.lr"):
                    selection = find(where=parse(where))
                    assert numbers(Ordered(selection, order, desc=False)[:]) == expected, order


def test_a_filter_does_not_change_the_order(
    six: None, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    for filters in [{"statuses": ["finished"]}, {"search": "net"}, {"name": "neta"}, {"best_min": 0.2}]:
        for rare in [0, 1000]:
            with subtests.test(rare=rare, filters=filters):
                monkeypatch.setattr(selectivity, "RARE", rare)
                remaining = set(numbers(find(**filters).runs))
                for order in (
                    "best_metric_value",
                    "metric.a.b/loss.last",
                    "config.name",
                    "config.optim.lr",
                    "name",
                ):
                    everything = numbers(ordered(order, desc=False)[:])
                    of_the_rest = [number for number in everything if number in remaining]
                    assert numbers(ordered(order, desc=False, **filters)[:]) == of_the_rest, order
                assert len(remaining) < 6 or "best_min" not in filters


def test_pages_cut_the_same_order(six: None, subtests: pytest.Subtests) -> None:
    for order in ["best_metric_value", "metric.a.b/loss.last", "config.name", "created_at"]:
        with subtests.test(order=order):
            for size in (1, 2, 3, 4, 5):
                runs = ordered(order, desc=False)
                pages = [runs[start : start + size] for start in range(0, 12, size)]
                assert functools.reduce(operator.iadd, map(numbers, pages), []) == numbers(runs[:]), size


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("created_at", [0, 1, 2, 3, 4, 5]),
        ("project", [0, 2, 4, 1, 3, 5]),
        ("name", [0, 3, 1, 4, 2, 5]),
        ("status", [0, 1, 2, 3, 4, 5]),
    ],
)
def test_ties_are_sorted_by_id(six: None, order: str, expected: list[int]) -> None:
    assert numbers(ordered(order, desc=False)[:]) == expected
    assert numbers(ordered(order, desc=True)[:]) == expected[::-1]


@pytest.mark.parametrize(
    "order", ["", "id", "metric.loss", "metric..last", "metric.loss.mean", "config.", "(SELECT 1)", "root"]
)
def test_any_other_order_is_refused(store: Path, order: str) -> None:
    with pytest.raises(UnknownOrder, match="order_by must be one of"):
        ordered(order)


def test_all_words_of_a_search_are_found(
    six: None, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    for search, expected in [
        ("neta", {0, 3}),
        ("NETA", {0, 3}),
        ("p1 neta", {3}),
        ("net 000004", {4}),
        ("a", {0, 1, 2, 3, 4, 5} - {1, 2, 4, 5}),
        ("p1 b", {1}),
        ('"net', set()),
        ("net%", set()),
        ("n*", set()),
        ("nothing", set()),
        ("00000000", set()),  # its trigrams are there, of shorter numbers
        ("000000", {0, 1, 2, 3, 4, 5}),
        ("  ", {0, 1, 2, 3, 4, 5}),
    ]:
        with subtests.test(search=search, expected=expected):
            for rare in (0, 1000):
                monkeypatch.setattr(selectivity, "RARE", rare)
                assert set(numbers(find(search=search).runs)) == expected, rare


def test_a_search_stays_within_its_store(six: None, tmp_path: Path, make_run: Any, look: Any) -> None:
    from runs.active_root import activate

    (tmp_path / "second").mkdir()
    activate(tmp_path / "second")
    make_run(tmp_path / "second", name="neta", run_id="20260101_000000_000077")
    look()
    assert numbers(find(search="neta").runs) == [77]


def test_a_search_follows_its_run(six: None, store: Path, make_run: Any, look: Any) -> None:
    import shutil

    shutil.rmtree(store / "p0" / "neta")
    look()
    assert numbers(find(search="neta").runs) == [3]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"created_after": 1.7e9 + 4}, {4, 5}),
        ({"created_before": 1.7e9 + 1}, {0, 1}),
        ({"best_min": 0.5}, {0, 3, 5}),
        ({"best_max": 0.5}, {0, 2, 5}),
        ({"best_min": 0.5, "best_max": 0.5, "project": "p1"}, {5}),
        ({"archived": True}, set()),
        ({"archived": False}, {0, 1, 2, 3, 4, 5}),
    ],
)
def test_bounds_are_inclusive(six: None, filters: dict[str, Any], expected: set[int]) -> None:
    assert set(numbers(find(**filters).runs)) == expected


def test_a_large_count_is_capped(six: None) -> None:
    assert counts.capped(find(), 5) == (5, True)
    assert counts.capped(find(), 6) == (6, False)


def test_a_large_count_is_remembered_until_a_run_changes(
    six: None,
    store: Path,
    make_run: Any,
    look: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(counts, "EXPENSIVE_SECONDS", -1.0)
    monkeypatch.setattr(counts._remember, "__defaults__", (600.0,))
    monkeypatch.setattr(counts, "EXACT", 2)
    monkeypatch.setattr(counts.capped, "__defaults__", (2,))
    with django_assert_num_queries(2):
        assert counts.total(find()) == 6
    with django_assert_num_queries(0):
        assert counts.total(find()) == 6
    make_run(store)
    with django_capture_on_commit_callbacks(execute=True):
        look()
    assert counts.total(find()) == 7


def test_the_best_value_of_a_running_run_is_live(store: Path, make_run: Any, look: Any) -> None:
    summary = {"best_metric_name": "loss", "best_metric_mode": "min"}
    run_id = make_run(store, status="running", summary=summary)
    look()
    values = {"loss": MetricStats(0.5, 9, 0.25, 4, 2.0, 0, 10), "acc": facts(0.9)}
    record_metrics(run=row(run_id), values=values, last_write=2e9)
    run = row(run_id)
    assert (run.best_metric_value, run.best_metric_step) == (0.25, 4)
    assert (run.last_step, run.updated) == (9, 2e9)
    assert {metric.key: metric.best for metric in run.metric_rows.all()} == {"loss": 0.25, "acc": 1.9}


def test_the_best_value_survives_that_the_run_is_read_again(
    store: Path, make_run: Any, look: Any, api: Any
) -> None:
    run_id = make_run(store, status="running", summary={"best_metric_name": "acc"})
    look()
    record_metrics(run=row(run_id), values={"acc": facts(0.5, 3)}, last_write=1.7e9)
    (store / "vision/resnet/runs" / run_id / "config.json").write_text('{"lr": 1}')
    run = api.get(f"/api/runs/{run_id}").json()
    assert (run["config"], run["best_metric_value"], run["best_metric_step"]) == ({"lr": 1}, 1.5, 3)


def test_a_finished_run_has_the_best_value_of_its_summary(store: Path, make_run: Any, look: Any) -> None:
    run_id = make_run(
        store, summary={"best_metric_name": "acc", "best_metric_value": 0.7, "best_metric_step": 2}
    )
    killed = make_run(store, status="failed", summary={"best_metric_name": "acc", "best_metric_mode": "max"})
    look()
    for chosen in (run_id, killed):
        for value in (0.5, 0.6):
            record_metrics(run=row(chosen), values={"acc": facts(value)}, last_write=1.7e9)
    assert (row(run_id).best_metric_value, row(run_id).best_metric_step) == (0.7, 2)
    assert row(killed).best_metric_value == 1.6


def test_nan_is_never_the_best(store: Path, make_run: Any, look: Any) -> None:
    run_id = make_run(
        store, status="running", summary={"best_metric_name": "loss", "best_metric_mode": "min"}
    )
    look()
    nan = MetricStats(math.nan, 5, None, None, math.inf, 3, 4)
    record_metrics(run=row(run_id), values={"loss": nan}, last_write=1.7e9)
    (metric,) = row(run_id).metric_rows.all()
    assert (metric.last, metric.best, metric.maximum, metric.last_step) == (None, None, None, 5)
    assert row(run_id).best_metric_value is None


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("val/loss", "min"),
        ("train_error", "min"),
        ("top1_err", "min"),
        ("accuracy", "max"),
        ("interrupts", "max"),
    ],
)
def test_the_name_of_a_metric_determines_its_direction(
    store: Path, make_run: Any, look: Any, name: str, mode: str
) -> None:
    run_id = make_run(store)
    look()
    record_metrics(run=row(run_id), values={name: facts(5.0)}, last_write=1.7e9)
    (metric,) = row(run_id).metric_rows.all()
    assert metric.best == {"min": 4.0, "max": 6.0}[mode]


def test_the_range_of_what_sorts_is_all_that_is_walked() -> None:
    conditions = parse(
        "config.lr < 0.5 and config.lr >= 0.25 and config.other < 7 and metric.lr.min < 3 and tags exists"
    )
    assert isinstance(conditions, All)
    assert range_of(conditions.nodes, "lr", "number") == {"number__lt": 0.5, "number__gte": 0.25}
    assert range_of(conditions.nodes, "lr", "minimum") == {"minimum__lt": 3.0}
    assert range_of(conditions.nodes, "lr", "text") == range_of([Not(conditions)], "lr", "number") == {}
