"""A list of a hundred runs costs as many queries as one of two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from runs.query import counts, keys
from tests.folders import write_run
from tests.large import many

Count = Callable[[str], int]


@pytest.fixture
def queries(store: Path, look: Callable[[], None], client: Client, monkeypatch: pytest.MonkeyPatch) -> Count:
    """How many queries a page takes once it was asked for, however slow the machine is."""
    monkeypatch.setattr(counts, "EXPENSIVE_SECONDS", 0.0)
    monkeypatch.setattr(counts, "SECONDS", 3600.0)
    monkeypatch.setattr(keys, "SECONDS", 3600.0)

    def count(address: str) -> int:
        look()
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    return count


def several(store: Path, count: int, first: int = 0) -> None:
    for number in many(range(first, first + count)):
        best = {"best_metric_name": f"m{number}", "best_metric_value": 1.0}
        curve: list[dict[str, Any]] = [{f"m{number}": 1.0, "loss": 2.0}, {f"m{number}": 2.0}]
        write_run(
            store, f"p{number}", "n", metrics=curve, config={"lr": number}, summary=best, tags=[f"t{number}"]
        )


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/", 12),
        ("/?col=metric.loss.last&col=config.lr&sort=-metric.loss.last", 16),
        ("/?status=finished&project=p1&tag=t1", 26),
        ("/?layout=charts&where=lr>=0", 9),
        ("/recycle-bin", 2),
    ],
)
def test_the_list_takes_as_many_for_many_as_for_few(
    store: Path, queries: Count, address: str, most: int
) -> None:
    several(store, 3)
    few = queries(address)
    several(store, 30, first=3)
    assert queries(address) <= few <= most


def test_the_run_page_takes_as_many_for_many_metrics(store: Path, queries: Count) -> None:
    small = write_run(store, "p", "n", metrics=[{"loss": 1.0}])
    large = write_run(store, "p", "m", metrics=[{f"group{i % 7}/m{i}": 1.0 for i in range(300)}])
    assert queries(f"/runs/{large}") <= queries(f"/runs/{small}") <= 12


@pytest.mark.parametrize(
    ("address", "read"),
    [("/", ""), ("/find?q=p", ""), ("/?col=name&col=summary.best_metric_name", "summary")],
)
def test_lists_do_not_read_the_config_and_the_summary_of_each_run(
    store: Path, look: Callable[[], None], client: Client, address: str, read: str
) -> None:
    """A run may have 16 MB of each."""
    several(store, 3)
    look()
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    queries = " ".join(query["sql"] for query in captured)
    assert "runs_run" in queries
    assert [name for name in ("config", "summary") if f'"runs_run"."{name}"' in queries] == [read] * bool(
        read
    )
