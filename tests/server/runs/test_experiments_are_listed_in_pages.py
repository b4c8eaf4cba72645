from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from runicorn_site.api import renderers
from runs.active_root import active_root
from runs.api import experiments
from runs.api.experiments import _encoded
from runs.index.metric_index import record_metrics
from runs.query import compiled_lists, counts
from runs.services.curation import edit_run
from runs.services.lookup import get_run
from runs.services.recycle_bin import soft_delete_runs
from runs.store.metric_stats import MetricStats
from tests.answers import read
from tests.server.runs.conftest import row

FIELDS = {
    *("id", "project", "name", "status", "created_at", "updated_at", "started_at", "ended_at"),
    *("duration_seconds", "best_metric_name", "best_metric_value", "best_metric_step", "best_metric_mode"),
    *("pid", "hostname", "run_dir", "tags", "deleted_at", "created_time", "logs", "metrics", "metrics_step"),
}
BEST = [0.5, None, 0.1, 0.9, None, 0.5]


@pytest.fixture
def six(store: Path, make_run: Any, look: Any) -> list[str]:
    """Six runs, the oldest first; the third and the fourth are in the recycle bin."""
    run_ids = []
    for number, value in enumerate(BEST):
        run_ids.append(
            make_run(
                store,
                run_id=f"20231114_221320_{number:06d}",
                project=f"p{number % 2}",
                name="net" + "abc"[number % 3],
                status=("finished", "failed")[number % 2],
                created_at=1.7e9 + number,
                tags=["t", f"t{number % 3}"],
                config={} if value is None else {"lr": value},
                summary={} if value is None else {"best_metric_value": value, "best_metric_name": "acc"},
            )
        )
    look()
    soft_delete_runs(root=active_root(), run_ids=run_ids[2:4])
    return run_ids


def numbers(answer: dict[str, Any]) -> list[int]:
    return [int(item["id"][-6:]) for item in answer["experiments"]]


def test_rows_kept_for_the_next_page_take_their_size(six: list[str], api: Any) -> None:
    api.get("/api/v2/experiments")  # compiles what all pages share
    _encoded.cache_clear()
    tracemalloc.start()
    try:
        size = len(api.get("/api/v2/experiments?per_page=4").content)
        encoded = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(True, experiments.__file__), tracemalloc.Filter(True, renderers.__file__)]
        )
    finally:
        tracemalloc.stop()
    assert sum(trace.size for trace in encoded.traces) < 8 * size  # with the buffer of the response


def test_a_page_has_its_position(six: list[str], api: Any) -> None:
    answer = read(api.get("/api/v2/experiments?per_page=3"))
    assert numbers(answer) == [5, 4, 1]
    assert set(answer["experiments"][0]) >= FIELDS
    assert answer.pop("query_time_ms") > 0
    del answer["experiments"]
    assert answer == {"total": 4, "page": 1, "per_page": 3, "has_next": True, "has_prev": False}
    last = read(api.get("/api/v2/experiments?per_page=3&page=2"))
    assert (numbers(last), last["has_next"], last["has_prev"]) == ([0], False, True)
    assert not read(api.get("/api/v2/experiments?per_page=4"))["has_next"]
    beyond = read(api.get("/api/v2/experiments?page=1000000"))
    assert (beyond["experiments"], beyond["total"], beyond["has_next"]) == ([], 4, False)


def test_an_experiment_has_the_names_of_both_versions(six: list[str], api: Any, store: Path) -> None:
    (item,) = read(api.get("/api/v2/experiments?name=neta&project=p0"))["experiments"]
    folder = f"{store}/p0/neta/runs/{six[0]}"
    assert item["created_at"] == item["created_time"] == 1.7e9
    assert item["run_dir"] == folder
    assert item["logs"] == f"{folder}/logs.txt"
    assert item["metrics"] == item["metrics_step"] == f"{folder}/events.jsonl"
    assert (item["tags"], item["deleted_at"], item["best_metric_value"]) == (["t", "t0"], None, 0.5)


QUERIES: list[tuple[str, list[int]]] = [
    ("", [5, 4, 1, 0]),
    ("include_deleted=true", [5, 4, 3, 2, 1, 0]),
    ("include_deleted=yes&project=p0", [4, 2, 0]),
    ("status=failed", [5, 1]),
    ("status=failed,finished&name=netb", [4, 1]),
    ("tags=t,t1", [4, 1]),
    ("tags=t&tags=t2", [5]),
    ("search=NETB p1", [1]),
    ("created_after=1700000004", [5, 4]),
    ("created_after=2023-11-14T22:13:24Z", [5, 4]),
    ("created_after=2023-11-14&created_before=2023-11-14T22:13:21", [1, 0]),
    ("created_after=2023-11-15", []),
    ("best_metric_min=0.5", [5, 0]),
    ("best_metric_max=1e-1&include_deleted=1", [2]),
    ("order_by=best_metric_value", [5, 0, 4, 1]),
    ("order_by=best_metric_value&order_desc=false&include_deleted=on", [2, 0, 5, 3, 1, 4]),
    ("order_by=config.lr&order_desc=no&include_deleted=on", [2, 0, 5, 3, 1, 4]),
    ("order_by=metric.acc.max", [5, 1, 4, 0]),
    ("order_by=name&order_desc=0", [0, 1, 4, 5]),
    ("unknown=1&project=&status=", [5, 4, 1, 0]),
]


def test_filters_and_orders_are_applied(six: list[str], api: Any) -> None:
    for number, value in ((1, 2.0), (5, 3.0)):
        facts = MetricStats(value, 1, value, 1, value, 1, 1)
        record_metrics(run=row(six[number]), values={"acc": facts}, last_write=1.7e9)
    for query, expected in QUERIES:
        answer = read(api.get(f"/api/v2/experiments?{query}"))
        assert (query, numbers(answer), answer["total"]) == (query, expected, len(expected))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("page", "0"),
        ("page", "-1"),
        ("page", "one"),
        ("page", "9" * 30),
        ("per_page", "0"),
        ("per_page", "1001"),
        ("per_page", "1.5"),
        ("created_after", "yesterday"),
        ("created_before", "nan"),
        ("created_after", "1e999"),
        ("created_after", "2023-13-01"),
        ("best_metric_min", "nan"),
        ("best_metric_max", "inf"),
        ("best_metric_min", "low"),
        ("include_deleted", "perhaps"),
        ("order_desc", "2"),
        ("order_by", "(SELECT 1)"),
        ("order_by", "id"),
        ("order_by", "metric.acc.mean"),
        ("project", "a%00b"),
        ("tags", "x" * 256),
        ("search", "x" * 1001),
    ],
)
def test_bad_input_is_named(store: Path, api: Any, parameter: str, value: str) -> None:
    answer = api.get(f"/api/v2/experiments?{parameter}={value}")
    assert answer.status_code == 400
    assert parameter in answer.json()["detail"]
    assert list(answer.json()["errors"]) == [parameter]


def test_a_large_total_is_capped_and_the_next_page_is_known(
    six: list[str], api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts.capped, "__defaults__", (2,))
    answer = read(api.get("/api/v2/experiments?per_page=3"))
    assert (answer["total"], answer["total_capped"], answer["has_next"]) == (2, True, True)
    assert not read(api.get("/api/v2/experiments?per_page=4"))["has_next"]


def test_the_number_of_queries_does_not_grow(
    six: list[str], api: Any, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        api.get("/api/v2/experiments?per_page=1000&tags=t&order_by=best_metric_value")


@pytest.mark.parametrize("query", ["per_page=3", "per_page=3&tags=t", "per_page=3&details=true"])
def test_rows_that_are_remembered_as_json_follow_their_runs(six: list[str], api: Any, query: str) -> None:
    before = read(api.get(f"/api/v2/experiments?{query}"))["experiments"]
    edit_run(run=get_run(before[1]["id"]), tags=["t", "gold"])
    after = read(api.get(f"/api/v2/experiments?{query}"))["experiments"]
    assert after[1]["tags"] == ["t", "gold"] and after[1].keys() == before[1].keys()
    assert [after[0], after[2]] == [before[0], before[2]]


def test_the_page_for_browsers_indents_rows(six: list[str], api: Any) -> None:
    page = api.get("/api/v2/experiments?per_page=2", HTTP_ACCEPT="text/html").content.decode()
    assert "&quot;experiments&quot;: [\n    {\n" in page


def test_only_some_results_of_rows_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_lists, "MOST_RESULTS", 2)
    computed: list[int] = []

    def double(row: Sequence[int]) -> int:
        computed.append(row[0])
        return 2 * row[0]

    results = compiled_lists.RememberedResults(double)
    assert [results.of((n,), list) for n in (1, 2, 1, 2, 3, 2, 1)] == [2, 4, 2, 4, 6, 4, 2]
    assert computed == [1, 2, 3, 1]
    assert results.of(([4],), lambda row: row[0]) == 8  # a decoded value cannot be a key
