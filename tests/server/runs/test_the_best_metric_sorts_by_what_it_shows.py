"""The column *Best metric* sorts runs without a primary metric by the metric that it shows for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from runs.active_root import active_root
from runs.index.metric_index import record_metrics
from runs.pages.table.rows import in_order, matching
from runs.pages.table.state import TableState
from runs.store.metric_stats import MetricStats
from tests.large import many
from tests.server.runs.conftest import row

pytestmark = pytest.mark.django_db
Add = Callable[..., None]


@pytest.fixture
def add(store: Path, make_run: Any, look: Callable[[], None]) -> Add:
    """Add runs, each with the values of its metrics; `primary` is the declared one of all of them."""
    count = 0

    def write(*runs: dict[str, float], primary: str = "", mode: str = "max", **about: Any) -> None:
        nonlocal count
        run_ids = []
        for values in runs:
            declared = {
                "best_metric_name": primary,
                "best_metric_value": values.get(primary),
                "best_metric_mode": mode,
            }
            run_ids.append(
                make_run(
                    store,
                    run_id=f"20260101_000000_{count:06d}",
                    created_at=1.7e9 + count,
                    summary=declared if primary else {},
                    **about,
                )
            )
            count += 1
        look()
        for run_id, values in zip(run_ids, runs, strict=True):
            stats = {key: MetricStats(value, 1, value, 1, value, 1, 1) for key, value in values.items()}
            record_metrics(run=row(run_id), values=stats, last_write=1.7e9)

    return write


def order(sort: str, **query: str) -> list[int]:
    state = TableState.read(QueryDict("&".join(f"{k}={v}" for k, v in {"sort": sort, **query}.items())))
    ordered = in_order(matching(active_root(), state), state)
    return [int(run.run_id[-6:]) for run in ordered[0:1000]]


def test_the_best_of_many_runs_comes_first_and_pages_follow_each_other(add: Add, client: Client) -> None:
    values = [number / 100 for number in many(range(60))]
    Random(3).shuffle(values)
    add(*({"train/loss": 1 - value, "val/accuracy": value} for value in values))
    accuracies: list[float] = []
    for page in (1, 2, 3):
        text = client.get(f"/?sort=-best&page={page}&size=25").content.decode()
        cells = re.findall(r'<td class="[^"]*c-best.*?</td>', text, re.DOTALL)
        assert all("val/accuracy" in cell for cell in cells)
        accuracies += [float(strip_tags(cell).split()[-1].removeprefix("val/accuracy")) for cell in cells]
    assert accuracies == sorted(values, reverse=True)
    assert order("best") == order("-best")[::-1]


def test_a_metric_whose_less_is_better_begins_with_the_least(add: Add) -> None:
    add(*({"val/loss": value} for value in (0.3, 0.1, 0.2)))
    assert order("-best") == [1, 2, 0] and order("best") == [0, 2, 1]


def test_declared_metrics_precede_the_usual_one_of_the_list(add: Add) -> None:
    add({"acc": 0.1}, {"acc": 0.9}, primary="acc")
    add({"train/loss": 0.5}, {}, {"train/loss": 0.7, "val/acc": 0.2}, {"val/acc": 0.8})
    # Run 2 has other metrics than the newest runs, run 3 has none.
    assert order("-best") == [1, 0, 5, 4, 3, 2]
    assert order("best") == [0, 1, 4, 5, 2, 3]
    assert order("name,-best") == [1, 0, 5, 4, 2, 3]


def test_a_row_shows_the_metric_by_which_the_list_is_sorted(add: Add, client: Client) -> None:
    add({"val/alpha": 0.9, "val/zeta": 3.0}, project="a")
    add({"val/alpha": 0.5, "val/zeta": 2.0}, project="b")
    add({"val/zeta": 1.0}, project="b")
    for address in ("/?sort=-best", "/?sort=-best&layout=charts"):
        text = client.get(address).content.decode()
        assert "val/zeta" in text and "val/alpha" not in text, address


def test_sorting_takes_as_many_queries_for_many_runs_as_for_few(add: Add) -> None:
    state = TableState.read(QueryDict("sort=-best"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert in_order(matching(active_root(), state), state)[0:25]
        return len(captured)

    add(*({"val/acc": number / 100} for number in range(3)))
    few = queries()
    add(*({"val/acc": number / 100} for number in range(40)))
    assert queries() <= few
