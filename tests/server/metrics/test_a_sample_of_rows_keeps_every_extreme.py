"""`downsample` keeps the first and last row and the extremes of every metric, without duplicates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from metrics.query.row_sampling import Choice, RowSampler

MakeRun = Callable[..., str]


def waves(count: int, metrics: int) -> list[dict[str, Any]]:
    """Each metric has one spike up and one down, at places of its own."""
    rows = [{f"m{i:02}": float((step * 31 + i) % 97) for i in range(metrics)} for step in range(count)]
    for i in range(metrics):
        rows[(i * 37 + 11) % count][f"m{i:02}"] = 1e6 + i
        rows[(i * 53 + 29) % count][f"m{i:02}"] = -1e6 - i
    return rows


@pytest.mark.parametrize("route", ["metrics", "metrics_step"])
def test_the_answer_holds_every_spike(store: Path, make_run: MakeRun, api: APIClient, route: str) -> None:
    run_id = make_run(store, metrics=waves(2000, 20))
    every = api.get(f"/api/runs/{run_id}/{route}").json()["rows"]
    address = f"/api/runs/{run_id}/{route}?downsample=200"
    answer = api.get(address).json()
    rows = answer["rows"]
    assert len(rows) == answer["sampled"] <= 200
    assert answer["total"] == 2000
    assert (rows[0], rows[-1]) == (every[0], every[-1])
    assert [every.index(row) for row in rows] == sorted({every.index(row) for row in rows})
    for i in range(20):
        column = [row[f"m{i:02}"] for row in rows]
        assert (min(column), max(column)) == (-1e6 - i, 1e6 + i)
    assert "extremes_complete" not in answer
    assert api.get(address).json() == answer


def test_too_many_metrics_for_the_budget_are_said_to_be(
    store: Path, make_run: MakeRun, api: APIClient
) -> None:
    run_id = make_run(store, metrics=waves(500, 60))
    answer = api.get(f"/api/runs/{run_id}/metrics_step?downsample=100").json()
    assert answer["extremes_complete"] is False
    assert answer["sampled"] == len(answer["rows"]) <= 100
    assert answer["rows"][0]["global_step"] == 1
    assert answer["rows"][-1]["global_step"] == 500
    first = [row["m00"] for row in answer["rows"]]
    assert (min(first), max(first)) == (-1e6, 1e6)


def test_a_budget_that_holds_all_rows_changes_nothing(store: Path, make_run: MakeRun, api: APIClient) -> None:
    run_id = make_run(store, metrics=waves(150, 3))
    every = api.get(f"/api/runs/{run_id}/metrics_step").json()
    assert api.get(f"/api/runs/{run_id}/metrics_step?downsample=150").json() == every


def sample(columns: dict[str, list[float | None]], total: int, budget: int, batch: int) -> Choice:
    sampler = RowSampler(list(columns), total, budget)
    for start in range(0, total, batch):
        for name, values in columns.items():
            some = [(i, v) for i, v in enumerate(values[start : start + batch], start) if v is not None]
            at = np.array([i for i, _ in some], dtype=np.int64)
            sampler.see(name, at, np.array([v for _, v in some], dtype=np.float64))
    return sampler.choose()


@given(
    st.lists(st.lists(st.none() | st.floats(), min_size=120, max_size=120), min_size=0, max_size=4),
    st.integers(2, 119),
    st.integers(1, 130),
)
def test_any_columns_are_sampled_within_the_budget(
    table: list[list[float | None]], budget: int, batch: int
) -> None:
    columns = {f"m{i}": values for i, values in enumerate(table)}
    choice = sample(columns, 120, budget, batch)
    at = choice.at.tolist()
    assert at == sorted(set(at))
    assert at[0] == 0 and at[-1] == 119
    assert len(at) <= budget
    assert choice.complete == (2 * len(columns) + 2 <= budget)
    for values in columns.values() if choice.complete else ():
        finite = [v for v in values if v is not None and np.isfinite(v)]
        sampled_values = [values[i] for i in at if values[i] is not None and np.isfinite(values[i])]
        assert (min(sampled_values, default=0), max(sampled_values, default=0)) == (
            min(finite, default=0),
            max(finite, default=0),
        )
    assert at == sample(columns, 120, budget, 7).at.tolist()
