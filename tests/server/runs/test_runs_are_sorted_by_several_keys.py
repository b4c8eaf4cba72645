from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from django.utils.html import strip_tags

from runs.active_root import active_root
from runs.index.metric_index import record_metrics
from runs.pages.table.columns import is_sortable
from runs.pages.table.rows import in_order, matching
from runs.pages.table.state import TableState
from runs.query import selectivity
from runs.query.find import find_runs
from runs.query.ordering import Ordered, UnknownOrder, parse_keys
from runs.query.sort_keys import split
from runs.services.curation import edit_run
from runs.store.metric_stats import MetricStats
from tests.answers import read
from tests.server.runs.conftest import row

RUNS = [
    # project, lr, accuracy
    ("b", 0.1, 0.5),
    ("a", 0.1, 0.9),
    ("b", "cosine", 0.5),
    ("a", 0.2, None),
    ("b", None, 0.9),
    ("a", 0.2, 0.5),
]


def stats(value: float) -> MetricStats:
    return MetricStats(value, 1, value, 1, value, 1, 1)


@pytest.fixture
def runs(store: Path, make_run: Any, look: Any) -> list[str]:
    run_ids = [
        make_run(
            store,
            run_id=f"20260101_000000_{number:06d}",
            project=project,
            created_at=1.7e9 + number,
            config={} if rate is None else {"lr": rate},
        )
        for number, (project, rate, _) in enumerate(RUNS)
    ]
    look()
    for run_id, (_, _, accuracy) in zip(run_ids, RUNS, strict=True):
        if accuracy is not None:
            record_metrics(run=row(run_id), values={"acc": stats(accuracy)}, last_write=1.7e9)
    return run_ids


def numbers(matches: Any) -> list[int]:
    return [int(run.run_id[-6:]) for run in matches]


def test_runs_with_equal_values_are_sorted_by_the_next_key(
    runs: list[str], monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    for sort, expected in [
        ("project,-metric.acc.last", [1, 5, 3, 4, 0, 2]),
        ("-metric.acc.last,project", [1, 4, 5, 2, 0, 3]),
        ("-metric.acc.last,config.lr", [1, 4, 0, 5, 2, 3]),
        ("config.lr,-created_at", [1, 0, 5, 3, 2, 4]),
        ("-config.lr,metric.acc.max", [5, 3, 0, 1, 2, 4]),
        ("-metric.none.last,-project,created_at", [0, 2, 4, 1, 3, 5]),
        ("best_metric_value,project,-metric.acc.best", [1, 5, 3, 4, 0, 2]),
    ]:
        for rare in [0, 1000]:
            with subtests.test(rare=rare, sort=sort, expected=expected):
                monkeypatch.setattr(selectivity, "RARE", rare)
                (order, desc), *then = parse_keys(sort)
                for filters in ({}, {"statuses": ["finished"]}):
                    ordered = Ordered(find_runs(active_root(), **filters), order, desc=desc, then=then)
                    assert numbers(ordered[:]) == expected
                    assert (
                        numbers([run for start in range(0, 6, 2) for run in ordered[start : start + 2]])
                        == expected
                    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-metric.a,b.last,name", ("-metric.a,b.last", "name")),
        ("config.a,b", ("config.a,b",)),
        ("name,-name,created", ("name", "created")),
        ("name,", ()),
        ("nonsense", ()),
        ("", ()),
        (",".join(f"config.k{n}" for n in range(50)), tuple(f"config.k{n}" for n in range(6))),
    ],
)
def test_sort_keys_are_split_at_commas_outside_names(text: str, expected: tuple[str, ...]) -> None:
    assert split(text, is_sortable) == expected


def test_an_unknown_key_among_several_is_refused(store: Path, client: Any) -> None:
    with pytest.raises(UnknownOrder):
        parse_keys("name,nonsense")
    for path in ("/api/v2/experiments", "/api/runs"):
        answer = client.get(path, {"sort": "name,nonsense"})
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == ["sort"]


def test_both_versions_sort_by_several_keys(runs: list[str], client: Any) -> None:
    query = {"sort": "project,-metric.acc.last", "order_by": "name"}
    expected = [1, 5, 3, 4, 0, 2]
    items = client.get("/api/v2/experiments", query).json()["experiments"]
    assert [int(item["id"][-6:]) for item in items] == expected
    items = read(client.get("/api/runs", query))
    assert [int(item["id"][-6:]) for item in items] == expected


def test_pinned_runs_are_first_in_every_order_of_the_table(runs: list[str], client: Any) -> None:
    for number in (5, 0):
        edit_run(run=row(runs[number]), pinned=True)
    for sort, expected in {
        "": [5, 0, 4, 3, 2, 1],
        "-metric.acc.last": [5, 0, 4, 1, 2, 3],
        "name": [0, 5, 1, 2, 3, 4],
        "project,-config.lr": [5, 0, 3, 1, 2, 4],
    }.items():
        state = TableState.read(QueryDict(f"sort={sort}"))
        assert numbers(in_order(matching(active_root(), state), state)[:]) == expected
        ids = client.get("/runs-matching", {"sort": sort}).json()["ids"]
        assert [int(run_id[-6:]) for run_id in ids] == expected
    items = client.get("/api/v2/experiments", {"pinned_first": "true"}).json()["experiments"]
    assert [int(item["id"][-6:]) for item in items] == [5, 0, 4, 3, 2, 1]
    newest = client.get("/api/v2/experiments").json()["experiments"]
    assert [int(item["id"][-6:]) for item in newest] == [5, 4, 3, 2, 1, 0]


def test_the_best_run_is_first_whether_its_metric_is_minimised_or_maximised(
    store: Path, make_run: Any, look: Any, client: Any
) -> None:
    for number, (mode, value) in enumerate([("min", 2.25), ("min", 0.5), ("max", 0.7), ("max", 0.9)]):
        make_run(
            store,
            run_id=f"20260101_000000_{number:06d}",
            summary={"best_metric_value": value, "best_metric_name": "m", "best_metric_mode": mode},
        )
    running = make_run(
        store,
        run_id="20260101_000000_000004",
        status="running",
        summary={"best_metric_name": "loss", "best_metric_mode": "min"},
    )
    look()
    record_metrics(run=row(running), values={"loss": stats(1.0)}, last_write=1.7e9)
    for sort, expected in {"-best": [3, 2, 1, 4, 0], "best": [0, 4, 1, 2, 3]}.items():
        state = TableState.read(QueryDict(f"sort={sort}"))
        assert numbers(in_order(matching(active_root(), state), state)[:]) == expected
    items = client.get("/api/v2/experiments", {"order_by": "best_metric"}).json()["experiments"]
    assert [int(item["id"][-6:]) for item in items] == [3, 2, 1, 4, 0]


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "NaN"), (math.inf, "∞"), (-math.inf, "−∞"), (0.5, "0.5")]
)
def test_a_last_value_of_nan_is_told_from_a_missing_one(
    runs: list[str], client: Any, value: float, text: str
) -> None:
    special = None if math.isfinite(value) else str(value)
    last = MetricStats(None if special else value, 1, None, None, None, None, 1, special)
    record_metrics(run=row(runs[0]), values={"loss": last}, last_write=1.7e9)
    page = client.get("/", {"col": "metric.loss.last", "sort": "created"}).content.decode()
    cells = re.findall(r'<td class="[^"]*c-extra[^"]*"[^>]*>(.*?)</td>', page, re.DOTALL)
    values = [strip_tags(cell).strip() for cell in cells]
    assert values == [text, *["–"] * 5]
