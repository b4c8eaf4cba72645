"""What an expression leaves is found from the indexes of its conditions, whichever way they are read."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection

from runs.active_root import active_root
from runs.models import Run
from runs.query import counts, index_intersection, selectivity
from runs.query.find import find_runs
from runs.query.index_intersection import IndexedCondition
from runs.query.key_masks import KeyArray, KeyRange
from runs.query.where.parser import parse
from runs.services.recycle_bin import soft_delete_runs
from tests import large

of_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="a plan of SQLite")
RUNS = 20
CONDITIONS = (
    "config.a < 9",
    "config.b >= 1",
    "config.c = 0",
    "tags in (x, y)",
    "config.a exists",
    "project = odd",
)
VALUES_ARE_EXPENSIVE = dict.fromkeys(("sqlite", "postgresql"), (35, 50, 1_000_000, 1000))
RUNS_ARE_EXPENSIVE = dict.fromkeys(("sqlite", "postgresql"), (1_000_000, 50, 80, 1000))
PAIRS = tuple(itertools.combinations(CONDITIONS, 2))
WAYS = {
    "all values": {},
    "all values in parts": {"SAMPLE": 1000, "PART": 5, "MARGIN": 0.0001},
    "few are asked": {"SAMPLE": 4, "FEW_SHARE": 1},
    "only as many of the newest as needed": {"SAMPLE": 5, "COSTS": VALUES_ARE_EXPENSIVE, "MARGIN": 0.01},
    "the newest, then all values": {"SAMPLE": 4, "FEW": 0, "PART": 3},
}


@pytest.fixture
def many(store: Path, make_run: Any, look: Any) -> list[str]:
    """Runs that differ in three config values, tags and project; two of them are in the recycle bin."""
    run_ids = [
        make_run(
            store,
            run_id=f"20231114_221320_{number:06d}",
            project=("even", "odd")[number % 2],
            created_at=1.7e9 + number,
            config={"a": number % 15, "b": number % 4, "c": number % 2},
            tags=[tag for tag, every in (("x", 2), ("y", 3)) if number % every == 0],
        )
        for number in range(RUNS)
    ]
    look()
    soft_delete_runs(root=active_root(), run_ids=[run_ids[4], run_ids[5]])
    return run_ids


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way to read the indexes, which otherwise takes many runs; and none of them few."""
    monkeypatch.setattr(selectivity, "RARE", 1)
    monkeypatch.setattr(selectivity, "PAGE", 0)
    for name, value in request.param.items():
        monkeypatch.setattr(index_intersection, name, value)


@pytest.mark.parametrize(
    "pairs", [PAIRS[::5], pytest.param(PAIRS, marks=pytest.mark.torture)], ids=["some", "all"]
)
@pytest.mark.usefixtures("many", "way")
def test_the_count_is_that_of_the_runs(pairs: tuple[tuple[str, str], ...]) -> None:
    forms = ("{} and {}", "{} or {}", "{} and not {}", "not ({} or {})", "{0} and ({1} or not {0})")
    for form, (first, second) in large.many(itertools.product(forms, pairs)):
        where = parse(form.format(first, second))
        for include_deleted in (True, False):
            find = functools.partial(find_runs, active_root(), include_deleted=include_deleted, where=where)
            for matches in (find(), find(project="even", tags=["y"], statuses=["finished"])):
                assert counts.capped(matches) == (len(matches.runs), False), where


@pytest.mark.parametrize("costs", [index_intersection.COSTS, VALUES_ARE_EXPENSIVE])
@pytest.mark.usefixtures("many")
def test_more_than_are_counted_are_not_all_read(
    monkeypatch: pytest.MonkeyPatch, costs: dict[str, tuple[int, ...]]
) -> None:
    monkeypatch.setattr(index_intersection, "SAMPLE", 4)
    monkeypatch.setattr(index_intersection, "FEW", 0)
    monkeypatch.setattr(index_intersection, "PART", 7)
    monkeypatch.setattr(index_intersection, "COSTS", costs)
    intersection = index_intersection.Intersection(
        active_root(), parse("config.a < 14 and config.c < 2"), live=True
    )
    keys, is_complete = intersection.common(5)
    assert 5 < len(keys) < RUNS - 5 and not is_complete


@pytest.mark.usefixtures("many")
def test_conditions_are_read_in_one_part_if_the_newest_runs_are_typical(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"SAMPLE": 4, "FEW": 0, "PART": 1, "MARGIN": 2.0, "COSTS": RUNS_ARE_EXPENSIVE}.items():
        monkeypatch.setattr(index_intersection, name, value)
    parts, fetch = [], IndexedCondition.fetch
    monkeypatch.setattr(IndexedCondition, "fetch", lambda self, n: (parts.append(n), fetch(self, n)))
    intersection = index_intersection.Intersection(
        active_root(), parse("config.a < 14 and config.c < 2"), live=True
    )
    keys, _ = intersection.common(5)
    assert len(keys) > 5 and len(parts) == 2, parts


@pytest.mark.usefixtures("many")
def test_what_was_counted_is_not_counted_again(django_assert_num_queries: Any) -> None:
    selection = find_runs(active_root(), where=parse("config.a < 9 or config.c = 1"))
    with django_assert_num_queries(0):
        assert counts.capped(selection)[0] > 0


@of_sqlite
@pytest.mark.django_db
def test_each_list_walks_the_index_of_its_order() -> None:
    runs = Run.objects.filter(root=1)
    assert "run_newest" in runs.live().newest()[:50].explain()
    assert "run_everything" in runs.newest()[:50].explain()
    assert "run_deleted" in runs.exclude(deleted=None).order_by("-deleted", "-id")[:50].explain()


@of_sqlite
@pytest.mark.parametrize(
    ("text", "by_value", "by_run"),
    [
        ("config.a < 9", "param_number", "param_by_run"),
        ("config.a = 9", "param_number", "param_number"),
        ("config.a = x", "param_text", "param_text"),
        ("metric.loss.min > 1", "metric_minimum", "metric_by_run"),
        ("tags contains x", "tag_runs", "tag_runs"),
        ("status = x", "run_by_status", "run_by_status"),
        ("created_at > 5", "run_newest", "run_newest"),
    ],
)
@pytest.mark.usefixtures("store")
def test_each_condition_is_read_from_its_index_alone(text: str, by_value: str, by_run: str) -> None:
    condition = IndexedCondition(active_root(), parse(text))
    places = (KeyRange(5, 50), KeyArray(np.arange(5)))
    plans = [condition.by_value.order_by().values(condition.field).explain()]
    plans += [
        place.narrow(condition.by_run, condition.field).order_by().values(condition.field).explain()
        for place in places
    ]
    alone = "COVERING INDEX" if condition.field == "run" else "INDEX"  # SQLite says so of no partial index
    assert f"{alone} {by_value} " in plans[0]
    assert f"{alone} {by_run} " in plans[1]
    assert alone in plans[2] or condition.field == "pk"
