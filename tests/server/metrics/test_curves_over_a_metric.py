"""Curves are put over another metric, such as the epoch: its values at their steps, joined on the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.folders import write_run

RUN, OTHER = "20260101_120000_aaaaaa", "20260101_120000_bbbbbb"


@pytest.fixture
def ask(store: Path, client: Client) -> Callable[..., Any]:
    """Two runs: 3,000 steps with an epoch every hundredth of them, from the 50th on, and one without epochs."""
    lines = [
        {"loss": 1 / (i + 1)} | ({"epoch": (i - 50) // 100} if i % 100 == 50 else {}) for i in range(3000)
    ]
    write_run(store, "p", "n", run_id=RUN, metrics=lines)
    write_run(store, "p", "n", run_id=OTHER, metrics=[{"loss": 1.0}, {"loss": 2.0}])
    from runs.active_root import active_root
    from runs.index import discovery

    discovery.full(active_root())

    def get(address: str, status: int = 200) -> Any:
        response = client.get(address)
        assert response.status_code == status, response.content
        return response.json()

    return get


def epoch(step: int) -> int | None:
    return None if step < 50 else (step - 50) // 100


@pytest.mark.django_db
def test_each_point_has_the_value_last_logged_before_it(ask: Callable[..., Any]) -> None:
    query = "names=loss&points=200&x_metric=epoch&smoothing=mean&smoothing_window=5"
    (curve,) = ask(f"/api/v2/experiments/{RUN}/series?{query}")["series"]
    for columns in (curve, curve["band"], curve["smoothed"]):
        assert columns["along"] == [epoch(step - 1) for step in columns["x"]]
    first = curve["x"][0]
    ranged = ask(f"/api/v2/experiments/{RUN}/series?{query}&step_range=1000:1010")["series"][0]
    assert first == 1 and set(ranged["along"]) == {9}


@pytest.mark.django_db
def test_runs_are_compared_over_a_metric_of_their_own(ask: Callable[..., Any]) -> None:
    answer = ask(f"/series?ids={RUN},{OTHER}&names=loss&x_metric=epoch")
    along = {curve["id"]: (curve["x"], curve["along"]) for curve in answer["series"]}
    assert along[OTHER] == ([1, 2], [None, None])
    assert along[RUN][1] == [epoch(step - 1) for step in along[RUN][0]]


@pytest.mark.django_db
def test_a_metric_over_another_axis_than_the_step_is_refused(ask: Callable[..., Any]) -> None:
    answer = ask(f"/api/v2/experiments/{RUN}/series?x=time&x_metric=epoch", 400)
    assert "x_metric needs x=step" in str(answer)


@pytest.mark.django_db
def test_groups_have_the_metric_as_x_and_the_mean_of_equal_values(ask: Callable[..., Any]) -> None:
    (group,) = ask(f"/series?ids={RUN},{OTHER}&names=loss&x_metric=epoch&group_by=tag&points=5000")["groups"]
    (series,) = group["series"]
    means = [sum(1 / step for step in range(first, first + 100)) / 100 for first in range(51, 2951, 100)]
    assert series["x"][:29] == list(range(29)) and series["runs"] == 1
    assert series["mean"][:29] == pytest.approx(means)
