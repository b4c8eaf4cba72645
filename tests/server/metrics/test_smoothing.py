"""Smoothed curves are those of the data: equal to plain implementations, at any width and zoom."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from metrics.ingest.catch_up import catch_up
from metrics.models import Tile
from metrics.query.smoothing import curves, kernels
from metrics.query.smoothing.kernels import Samples
from metrics.query.smoothing.smoother import Smoother
from metrics.store import codec, pyramid
from metrics.store.cache import cache
from runs.services.lookup import get_run
from tests.large import many
from tests.server.metrics.pyramids import SMALL

MakeRun = Callable[..., str]
METHODS = {
    "ema": "smoothing=ema&smoothing_weight=0.9",
    "time_ema": "smoothing=time_ema&smoothing_half_life=7",
    "mean": "smoothing=mean&smoothing_window=9",
    "mean over x": "smoothing=mean&smoothing_window=9&smoothing_unit=x",
    "gaussian": "smoothing=gaussian&smoothing_sigma=2.5",
    "gaussian over x": "smoothing=gaussian&smoothing_sigma=2.5&smoothing_unit=x",
}
WIDE = (
    "smoothing=ema&smoothing_weight=0.99",
    "smoothing=time_ema&smoothing_half_life=80",
    "smoothing=mean&smoothing_window=201",
    "smoothing=gaussian&smoothing_sigma=60",
    "smoothing=gaussian&smoothing_sigma=60&smoothing_unit=x",
)


def naive(method: str, x: list[float], y: list[float]) -> list[float]:
    """The definitions, term by term, with the parameters of `METHODS`."""

    def average(weights: list[float]) -> float:
        return math.fsum(w * v for w, v in zip(weights, y, strict=True)) / math.fsum(weights)

    averages = []
    for i in range(len(y)):
        distances = [
            abs(x[j] - x[i]) if "over x" in method or method == "time_ema" else abs(j - i)
            for j in range(len(y))
        ]
        if method == "ema":
            weights = [0.9**d if j <= i else 0.0 for j, d in enumerate(distances)]
        elif method == "time_ema":
            weights = [0.5 ** (d / 7) if j <= i else 0.0 for j, d in enumerate(distances)]
        elif method.startswith("mean"):
            weights = [float(d <= 4.5 if "over x" in method else d <= 4) for d in distances]
        else:
            weights = [math.exp(-((d / 2.5) ** 2) / 2) if d <= 10 else 0.0 for d in distances]
        averages.append(average(weights))
    return averages


@pytest.fixture
def ask(client: Client) -> Callable[..., dict[str, Any]]:
    def get(run_id: str, query: str) -> dict[str, Any]:
        catch_up(get_run(run_id), wait=60)
        answer = client.get(f"/runs/{run_id}/series?{query}")
        assert answer.status_code == 200, answer.content
        (curve,) = (entry for entry in answer.json()["series"] if entry["name"] == "loss")
        return curve

    return get


Ask = Callable[..., dict[str, Any]]


def smoothed(curve: dict[str, Any]) -> dict[float, float]:
    return dict(zip(curve["smoothed"]["x"], curve["smoothed"]["y"], strict=True))


def noisy(count: int, seed: int = 1) -> list[float]:
    random = Random(seed)
    return [3 * math.exp(-i / count * 3) + random.gauss(0, 0.3) for i in range(count)]


@pytest.mark.parametrize("method", METHODS)
def test_a_smoothed_curve_is_what_its_definition_says(
    store: Path, make_run: MakeRun, ask: Ask, method: str
) -> None:
    values: list[float] = noisy(60)
    values[20], values[21], values[40] = math.nan, math.inf, 1e30
    steps = [i * i // 10 + i for i in range(60)]
    rows = [{"loss": value, "global_step": step} for value, step in zip(values, steps, strict=True)]
    curve = ask(make_run(store, metrics=rows), METHODS[method])
    finite = [(s, v) for s, v in zip(steps, values, strict=True) if math.isfinite(v)]
    x, y = [float(s) for s, _ in finite], [v for _, v in finite]
    assert curve["smoothed"]["x"] == x
    assert curve["smoothed"]["y"] == pytest.approx(naive(method, x, y), rel=1e-7)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("small_pieces")
def test_a_value_is_the_same_at_every_width_and_zoom(
    store: Path, make_run: MakeRun, ask: Ask, method: str
) -> None:
    run_id = make_run(store, metrics=[{"loss": value} for value in noisy(400)])
    whole = smoothed(ask(run_id, f"points=4000&{METHODS[method]}"))
    assert len(whole) == 400
    for query in many(
        (
            "points=20",
            "points=90",
            "step_range=200:260",
            "step_range=390:",
            "points=10&step_range=:50",
        )
    ):
        part = smoothed(ask(run_id, f"{query}&{METHODS[method]}"))
        assert len(part) >= 8 and part == pytest.approx({x: whole[x] for x in part}, rel=1e-6)


def test_a_resumed_series_is_smoothed_without_what_it_replaced(
    store: Path, make_run: MakeRun, ask: Ask
) -> None:
    rows = [{"loss": 100.0, "global_step": i} for i in range(50)] + [
        {"loss": 1.0, "global_step": i} for i in range(10, 60)
    ]
    curve = smoothed(ask(make_run(store, metrics=rows), "smoothing=mean&smoothing_window=3"))
    assert curve[9] == pytest.approx(67.0) and curve[11] == pytest.approx(1.0)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("forgotten", [False, True])
def test_a_long_series_is_smoothed_from_means(
    store: Path, make_run: MakeRun, ask: Ask, monkeypatch: pytest.MonkeyPatch, forgotten: bool
) -> None:
    """In a tile of an earlier version, which has none, they are computed."""
    run_id = make_run(store, metrics=[{"loss": value} for value in many(noisy(1500))])
    exact = {query: smoothed(ask(run_id, f"points=5000&{query}")) for query in WIDE}
    if forgotten:
        for tile in Tile.objects.all():
            tile.mip = codec.encode(codec.decode(tile.mip))
            tile.save()
    cache._entries.clear()
    monkeypatch.setattr(curves, "MOST_POINTS", 250)
    monkeypatch.setattr(curves, "MOST_OF_ALL", 0)
    for query in WIDE:
        curve = smoothed(ask(run_id, f"points=5000&{query}"))
        assert 100 < len(curve) < 300, "not read from means"
        assert curve == pytest.approx({x: exact[query][x] for x in curve}, abs=0.03)
    zoomed = smoothed(ask(run_id, "points=5000&step_range=1000:1100&smoothing=ema&smoothing_weight=0.5"))
    monkeypatch.setattr(curves, "MOST_POINTS", 65_536)
    assert zoomed == pytest.approx(
        smoothed(ask(run_id, "points=5000&step_range=1000:1100&smoothing=ema&smoothing_weight=0.5")), rel=1e-6
    )


def test_a_logarithmic_axis_begins_with_the_average_that_the_data_has(
    store: Path, make_run: MakeRun, ask: Ask
) -> None:
    """Step 0 cannot be drawn there, and counts for what follows wherever the axis begins."""
    run_id = make_run(store, metrics=[{"loss": 10.0 if i == 0 else 1.0, "global_step": i} for i in range(30)])
    query = "smoothing=ema&smoothing_weight=0.9"
    assert smoothed(ask(run_id, f"step_range=1:&{query}"))[1] == smoothed(ask(run_id, query))[1]


def test_curves_of_several_runs_and_their_groups_are_smoothed(
    store: Path, make_run: MakeRun, client: Client
) -> None:
    ids = [
        make_run(store, metrics=[{"loss": v} for v in noisy(50, seed)], config={"lr": 1}) for seed in range(3)
    ]
    address = f"/series?ids={','.join(ids)}&group_by=config.lr&{METHODS['ema']}"
    answer = client.get(address).json()
    curves_found = [smoothed(entry) for entry in answer["series"]]
    assert curves_found[0][30] == pytest.approx(naive("ema", list(range(30)), noisy(50, 0)[:30])[-1])
    (group,) = answer["groups"][0]["series"]
    assert group["mean"][29] == pytest.approx(sum(curve[30] for curve in curves_found) / 3)
    alone = client.get(f"{address}&smoothed_only=true").json()
    assert [smoothed(entry) for entry in alone["series"]] == curves_found
    assert alone["groups"] == answer["groups"] and not alone["series"][0]["x"]
    relative = client.get(f"{address}&x=relative").json()["series"][0]
    assert relative["smoothed"]["x"] == pytest.approx(relative["x"])


def test_live_points_bring_the_smoothed_curve_of_the_whole_range(
    store: Path, make_run: MakeRun, ask: Ask
) -> None:
    run_id = make_run(store, metrics=[{"loss": value} for value in noisy(50)])
    curve = ask(run_id, f"after_row=39&generation=1&{METHODS['gaussian']}")
    assert len(curve["x"]) == 10 and len(curve["smoothed"]["x"]) == 50


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("smoothing=median", '"median" is not a valid choice.'),
        ("smoothing=ema", "smoothing=ema needs smoothing_weight"),
        ("smoothing=ema&smoothing_weight=1", "Ensure this value is less than or equal to 0.9999."),
        ("smoothing=gaussian&smoothing_sigma=0", "Ensure this value is greater than or equal to 1e-09."),
        ("smoothing=mean&smoothing_window=nan", "A valid number is required."),
    ],
)
def test_a_smoothing_that_makes_no_sense_is_refused(
    store: Path, make_run: MakeRun, client: Client, query: str, problem: str
) -> None:
    answer = client.get(f"/runs/{make_run(store, metrics=[{'loss': 1.0}])}/series?{query}")
    assert answer.status_code == 400
    assert [problem] in answer.json()["errors"].values()


numbers = st.floats(-1e308, 1e308)


@given(
    st.lists(st.tuples(numbers, st.integers(1, 5)), min_size=1, max_size=40),
    st.sampled_from(["ema", "time_ema", "mean", "gaussian"]),
    st.floats(0.1, 100),
)
def test_smoothing_stays_between_the_lowest_and_the_highest_value(
    steps: list[tuple[float, int]], method: str, width: float
) -> None:
    x = np.cumsum([float(gap) for _, gap in steps])
    samples = Samples(x, np.array([value for value, _ in steps]), np.ones(len(steps)))
    smoother = Smoother(method, weight=0.9, half_life=width, window=width, sigma=width)  # type: ignore[arg-type]
    _, y = smoother.apply(samples, -np.inf, np.inf, 100)
    air = 1e-6 * np.abs(samples.y).max() + 1e-300
    assert np.isfinite(y).all() and y.min() >= samples.y.min() - air and y.max() <= samples.y.max() + air


@given(st.integers(1, 300), st.integers(0, 2**32))
def test_a_recurrence_is_computed_as_a_loop_would(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    decay, gain = random.random(count), random.normal(size=count)
    expected, last = [], 0.0
    for factor, added in zip(decay.tolist(), gain.tolist(), strict=True):
        last = factor * last + added
        expected.append(last)
    assert kernels.recurrence(decay, gain).tolist() == pytest.approx(expected)


def test_means_are_stored_with_tiles(store: Path, make_run: MakeRun, small_pieces: None) -> None:
    assert pyramid.SHAPE == SMALL
    values = noisy(100)
    run = get_run(make_run(store, metrics=[{"loss": value} for value in values]))
    catch_up(run, wait=60)
    tile = Tile.objects.filter(level=1, series__name="loss").first()
    assert tile is not None
    means = codec.decode_means(tile.mip)
    assert means is not None and means.stage.objects() == [32]
    assert means.value.objects() == pytest.approx([sum(values[:32]) / 32])


@pytest.mark.parametrize("lanes", ["steps", "times"])
def test_a_band_has_the_mean_of_all_points_around_each_edge(
    store: Path, make_run: MakeRun, ask: Ask, small_pieces: None, lanes: str
) -> None:
    values = many(noisy(900))
    run_id = make_run(store, metrics=[{"loss": value} for value in values])
    band = ask(run_id, "points=20" + ("&x=time" if lanes == "times" else ""))["band"]
    origin = 0 if lanes == "steps" else band["x"][0] - 1
    edges = [round(x - origin) for x in band["x"]]
    assert len(edges) > 5 and len(band["mean"]) == len(edges)
    for i, mean in enumerate(band["mean"]):
        around = values[edges[i - 1] if i else 0 : edges[min(i + 1, len(edges) - 1)]]
        # A bucket of eight means may reach over an edge.
        air = 2 * (max(around) - min(around)) / max(1, len(around) / 16)
        assert mean == pytest.approx(sum(around) / len(around), abs=air)
        assert band["low"][i] <= mean <= band["high"][i]
    exact = ask(run_id, "points=500")["band"]
    around = values[int(exact["x"][0]) : int(exact["x"][2])]
    assert exact["mean"][1] == pytest.approx(sum(around) / len(around))


def test_a_gaussian_takes_no_points_of_both_sides_of_a_gap_together() -> None:
    """Where the average distance is small, few points far apart are still points of their own."""
    x = np.concatenate([np.linspace(0, 1, 5_000), 3600 + 60.0 * np.arange(100)])
    y = np.random.default_rng(1).normal(size=len(x))
    at = np.arange(0, len(x), 25)
    smooth = kernels.gaussian(Samples(x, y, np.ones(len(x))), 300.0, "x", np.append(at, len(x) - 50))
    for position, value in zip([*at.tolist(), len(x) - 50], smooth.tolist(), strict=True):
        distance = np.abs(x - x[position])
        weights = np.exp(-0.5 * (distance / 300) ** 2) * (distance <= 1200)
        assert value == pytest.approx(weights @ y / weights.sum(), abs=1e-3)
