"""A logarithmic x axis (steps or durations) shows the beginning of a run with enough space and points."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.test_charts_in_the_browser import (  # noqa: F401  (fixtures)
    Server,
    board,
    curve,
    painted,
    server,
)
from tests.waiting import until

Js = Callable[..., Any]
STEP = {"axis": "step", "logx": True, "range": None, "origin": 1000}
DURATION = STEP | {"axis": "relative"}
CURVES = "a.map((x) => ({ series: { x } }))"


def domain(js: Js, xs: list[list[float]], settings: dict[str, Any]) -> list[float]:
    code = f"(m, [a, settings]) => m.xDomain({CURVES}, settings)"
    found: list[float] = js("chart/scales/x_axis.js", code, [xs, settings])
    return found


def labels(js: Js, ends: list[float], settings: dict[str, Any], count: int = 8) -> list[str]:
    code = "(m, [ends, settings, count]) => m.xAxisTicks(ends, settings, count).map(({ label }) => label)"
    found: list[str] = js("chart/scales/x_axis.js", code, [ends, settings, count])
    return found


def test_a_logarithmic_axis_starts_at_the_first_positive_point(js: Js) -> None:
    assert domain(js, [[0, 0, 5, 500], [3, 4]], STEP) == [3, 500]
    assert domain(js, [[1000, 1000.5, 1100]], DURATION) == [1000.5, 1100]
    assert domain(js, [[0, 5]], STEP | {"logx": False}) == [0, 5]
    assert domain(js, [[0, 5]], STEP | {"axis": "time"}) == [0, 5]


def test_a_logarithmic_axis_has_a_range_with_one_point_and_with_none(js: Js) -> None:
    assert domain(js, [[8]], STEP) == [4, 16]
    assert domain(js, [[1008]], DURATION) == [1004, 1016]
    assert domain(js, [[0]], STEP) == [1, 10]
    assert domain(js, [], DURATION) == [1001, 1010]


def test_a_range_that_reaches_zero_is_cut_there(js: Js) -> None:
    assert domain(js, [[0, 2, 900]], STEP | {"range": [0, 90]}) == [2, 90]
    assert domain(js, [[0, 2, 900]], STEP | {"range": [10, 90]}) == [10, 90]
    assert domain(js, [[0, 20, 900]], STEP | {"range": [-5, 0]}) == [20, 900]


def test_labels_are_powers_of_ten_and_round_durations(js: Js) -> None:
    assert labels(js, [1, 100_000], STEP) == ["1", "10", "100", "1,000", "10k", "100k"]
    assert (
        labels(js, [1000.01, 1000 + 90_000], DURATION)
        == [
            "0.01s",
            "0.1s",
            "1s",
            "10s",
            "1m",
            "10m",
            "1h",
            "10h",
            "1d",
        ][::2]
    )
    assert labels(js, [1001, 1000 + 7200], DURATION) == ["1s", "10s", "1m", "10m", "1h"]
    assert labels(js, [20, 60], STEP) == ["20", "25", "30", "35", "40", "45", "50", "55", "60"]


def test_a_pixel_maps_back_to_its_position(js: Js) -> None:
    code = "m => { const s = m.makeScale([1001, 2000], [0, 300], true, 1000); return [1001, 1010, 1100, 2000].map(s.at).concat(s.invert(100)); }"
    found = js("chart/scales/scale.js", code)
    decade = 300 / math.log10(1000)
    assert found == pytest.approx([0, decade, 2 * decade, 300, 1010])


def test_finer_points_take_the_place_of_the_first_ones(js: Js) -> None:
    code = """(m, [coarse, fine]) => {
        const made = (part) => [{ key: "a", series: { kind: "float", restarts: [], count: 99, ...part }, band: part.band }];
        const [{ series, band }] = m.refined(made(coarse), made(fine), 5);
        return [series.x, series.y, series.stages, series.restarts, series.count, band];
    }"""
    coarse = {
        "x": [0, 5, 10, 15],
        "y": [1, 2, 3, 4],
        "stages": [[0, "warm"], [10, "main"]],
        "restarts": [5, 15],
        "band": {"x": [0, 10], "low": [0, 1], "high": [9, 8]},
    }
    fine = {"x": [0, 1, 2, 5], "y": [1, 1.5, 9, 2], "stages": [[0, "cold"], [1, "warm"]], "restarts": [2]}
    assert js("chart/data/refinement.js", code, [coarse, fine]) == [
        [0, 1, 2, 5, 10, 15],
        [1, 1.5, 9, 2, 3, 4],
        [[0, "cold"], [1, "warm"], [10, "main"]],
        [2, 15],
        99,
        {"x": [10], "low": [1], "high": [8]},
    ]


def thinned(name: str, query: dict[str, list[str]]) -> dict[str, Any]:
    """A curve of 100,001 steps of which an answer holds at most 101."""
    low, _, high = query.get("step_range", ["0:100000"])[0].partition(":")
    first, last = int(low or 0), int(high)
    x = list(range(first, last + 1, max(1, (last - first) // 100)))
    return curve(name, {}) | {"x": x, "y": [math.log10(step + 1) for step in x], "count": last - first + 1}


def test_the_start_of_the_axis_is_fetched_until_it_is_complete(board: Any, server: Server) -> None:  # noqa: F811
    server.make = thinned
    page = board("loss", search="?logx=1")
    until(lambda: painted(page, "loss") > 300)
    asked = [query.get("step_range") for query in server.asked]
    assert asked == [None, [":10000"], [":1000"], [":100"]]
    x = page.evaluate("chart('loss').curves[0].series.x")
    assert x == [*range(101), *range(110, 1001, 10), *range(1100, 10_001, 100), *range(11_000, 100_001, 1000)]
    assert "Values at zero are not drawn" in page.locator(".plot").get_attribute("aria-label")


def test_the_start_of_a_group_is_fetched_as_well(js: Js) -> None:
    code = """async (source, answer) => {
        const { isThinned } = await import("/static/js/chart/data/refinement.js");
        const groups = new source.OverlaySource();
        groups.configure({ group: "tag", band: "min-max" }, "step", 3);
        return groups.curves("loss", answer).map((curve) => isThinned([curve]));
    }"""

    def of(run: str, *x: float) -> dict[str, Any]:
        columns = dict.fromkeys(("mean", "min", "max"), [1.0] * len(x))
        return {"value": run, "ids": [run], "series": [{"name": "loss", "x": x, **columns}]}

    answer = {
        "points": 4,
        "groups": [
            of("every place", 1, 2, 3),
            of("as many as asked for", 1, 2, 3, 4),
            of("of a cut curve", 1, 9),
        ],
        "series": [
            {"name": "loss", "id": "of a cut curve", "count": 9, "x": [1, 9]},
            {"name": "other", "id": "every place", "count": 9, "x": [1, 9]},
        ],
    }
    assert js("workspace/source.js", code, answer) == [False, True, True]


def test_keys_zoom_by_equal_factors(board: Any, server: Server) -> None:  # noqa: F811
    server.make = thinned
    page = board("loss", search="?logx=1")
    until(lambda: painted(page, "loss") > 300)
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    page.keyboard.press("+")
    page.wait_for_url(lambda url: "range=" in url)
    low, high = (float(end) for end in page.url.partition("range=")[2].split(".."))
    assert low == 1
    assert high == pytest.approx(math.sqrt(100_000), abs=1)
    page.keyboard.press("0")
    page.wait_for_url(lambda url: "range=" not in url)


def test_points_only_at_zero_are_reported(board: Any, server: Server) -> None:  # noqa: F811
    server.make = lambda name, query: curve(name, query) | {"x": [0], "y": [1], "count": 1}
    page = board("loss", search="?logx=1")
    until(lambda: page.get_by_text("No positive positions to draw on a logarithmic axis.").count() == 1)
