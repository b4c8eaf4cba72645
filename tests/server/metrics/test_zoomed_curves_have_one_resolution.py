"""The buckets of a curve have equal width in x, whatever is read of the pyramid."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from django.test import Client
from rest_framework.test import APIClient

from metrics.ingest.catch_up import catch_up
from metrics.query.smoothing import curves
from metrics.store.cache import cache
from runs.services.lookup import get_run
from tests.large import many

MakeRun = Callable[..., str]
STEPS = 1500
pytestmark = pytest.mark.usefixtures("small_pieces")
RANGES = ("", "step_range=437:1211&", "step_range=31:1490&", "step_range=700:&")


@pytest.fixture
def run_id(store: Path, make_run: MakeRun) -> str:
    random = Random(1)
    run_id = make_run(
        store, metrics=[{"loss": random.random(), "global_step": step} for step in many(range(STEPS))]
    )
    catch_up(get_run(run_id), wait=60)
    return run_id


def uneven(x: list[float]) -> float:
    """How many times as many points the densest eighth of a curve has as the sparsest one."""
    counts = np.histogram(x, 8)[0]
    return float(counts.max() / max(1, counts.min()))


def test_a_curve_of_one_run_is_equally_fine_everywhere(api: APIClient, run_id: str) -> None:
    for query, points in product(RANGES, (64, 160)):
        answer = api.get(f"/api/v2/experiments/{run_id}/series?{query}points={points}").json()
        (entry,) = answer["series"]
        assert 0.9 * points <= len(entry["x"]) <= points and uneven(entry["x"]) < 1.6, (query, points)
        # A third of the points are edges of the band; an eighth of few is no measure.
        assert points < 160 or uneven(entry["band"]["x"]) < 2.1, query


def test_a_compared_curve_and_its_group_are_equally_fine_everywhere(api: APIClient, run_id: str) -> None:
    address = f"/api/v2/series?ids={run_id}&names=loss&points=160"
    for query, more in product(RANGES, ("", "&band=true", "&smoothing=mean&smoothing_window=5")):
        answer = api.get(f"{address}{more}&{query}group_by=config.lr").json()
        (entry,) = answer["series"]
        lines = [entry["x"], entry.get("smoothed", entry)["x"]]
        lines += [curve["x"] for group in answer["groups"] for curve in group["series"]]
        assert all(uneven(x) < 1.9 for x in lines), [np.histogram(x, 8)[0] for x in lines]


@pytest.mark.parametrize("x", ["step", "time"])
def test_a_curve_for_so_many_pixels_has_up_to_four_points_of_each(
    api: APIClient, run_id: str, x: str
) -> None:
    pixels = 40
    (entry,) = api.get(f"/api/v2/experiments/{run_id}/series?pixels={pixels}&x={x}").json()["series"]
    counts = np.histogram(entry["x"], pixels)[0]
    assert counts.min() >= 2 and counts.max() <= 5 and len(entry["x"]) <= 4 * pixels + 2
    (other,) = api.get(f"/api/v2/series?ids={run_id}&names=loss&pixels={pixels}&x={x}").json()["series"]
    assert (other["x"], other["y"]) == (entry["x"], entry["y"])


def test_points_that_came_later_are_equally_fine_everywhere(api: APIClient, run_id: str) -> None:
    answer = api.get(f"/api/v2/experiments/{run_id}/series?after_row=503&points=160").json()
    (entry,) = answer["series"]
    assert entry["x"][0] == 504 and uneven(entry["x"]) < 1.6


@pytest.mark.parametrize("smoothing", ["ema&smoothing_weight=0.5", "mean&smoothing_window=9"])
def test_a_curve_smoothed_from_means_has_no_rougher_ends(
    api: APIClient, run_id: str, monkeypatch: pytest.MonkeyPatch, smoothing: str
) -> None:
    monkeypatch.setattr(curves, "MOST_POINTS", 250)
    monkeypatch.setattr(curves, "MOST_OF_ALL", 0)
    for query in RANGES:
        cache._entries.clear()
        address = f"/api/v2/experiments/{run_id}/series?{query}points=120&smoothing={smoothing}"
        (entry,) = api.get(address).json()["series"]
        assert uneven(entry["smoothed"]["x"]) < 2.5, query


@pytest.mark.parametrize("weight", [0.9, 0.99])
def test_a_smoothed_value_is_exact_where_the_range_has_few_points(
    client: Client, run_id: str, monkeypatch: pytest.MonkeyPatch, weight: float
) -> None:
    most, random, average, exact = 300, Random(1), 0.0, []
    for i in range(STEPS):
        average = weight * average + (1 - weight) * random.random()
        exact.append(average / (1 - weight ** (i + 1)))
    cache._entries.clear()
    monkeypatch.setattr(curves, "MOST_POINTS", most)
    monkeypatch.setattr(curves, "MOST_OF_ALL", 0)
    for first in (0, 501, STEPS - most):
        query = f"points=50&step_range={first}:{first + most - 1}&smoothing=ema&smoothing_weight={weight}"
        answer: Any = client.get(f"/runs/{run_id}/series?{query}").json()
        smoothed = answer["series"][0]["smoothed"]
        # What is farther away than that many points counts as the means of eight of them.
        far = weight**most
        assert smoothed["y"] == pytest.approx([exact[x] for x in smoothed["x"]], rel=1e-7, abs=0.01 * far)


def test_few_runs_are_smoothed_exactly_at_any_size_of_a_chart(
    api: APIClient, store: Path, make_run: MakeRun, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, average, exact = Random(1), 0.0, []
    for i in range(STEPS):
        average = 0.9 * average + 0.1 * random.random()
        exact.append(average / (1 - 0.9 ** (i + 1)))
    monkeypatch.setattr(curves, "MOST_POINTS", 250)
    monkeypatch.setattr(curves, "MOST_OF_ONE", STEPS)
    monkeypatch.setattr(curves, "MOST_OF_ALL", STEPS + 5)
    ids = [run_id]
    for number in range(3):
        cache._entries.clear()
        for points in (40, 120, 700):
            query = f"names=loss&points={points}&smoothing=ema&smoothing_weight=0.9"
            answer = api.get(f"/api/v2/series?ids={','.join(ids)}&{query}").json()
            curve = next(entry["smoothed"] for entry in answer["series"] if entry["id"] == run_id)
            off = max(abs(y - exact[x]) for x, y in zip(curve["x"], curve["y"], strict=True))
            assert (off < 1e-9) == (number < 2), (number, points, off)
        ids.append(make_run(store, metrics=[{"loss": 1.0, "global_step": step} for step in range(5)]))
