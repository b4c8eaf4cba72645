"""Smoothed curves come from the server; noise is drawn as the mean and the range of each bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.test_charts_in_the_browser import (  # noqa: F401  (fixtures)
    Server,
    board,
    curve,
    output,
    painted,
    server,
)
from tests.waiting import until

Query = dict[str, list[str]]
NOISY = [2.0 + (i * 7919 % 101) / 50 * (-1) ** i for i in range(101)]


def smoothed(name: str, query: Query) -> dict[str, Any]:
    """Return a curve whose smoothed form is a line at 5, above all of its points."""
    part = curve(name, query)
    if "smoothing" in query:
        part["smoothed"] = {"x": part["x"][::4], "y": [5.0] * len(part["x"][::4])}
    if "smoothed_only" in query:
        part |= {"x": [], "y": []}
    return part


def noisy(name: str, query: Query) -> dict[str, Any]:
    """Return a curve of noise around 2 in 101 of 100,000 points."""
    edges = list(range(0, 1001, 30))
    band = {"x": edges, "low": [0.0] * 34, "high": [4.0] * 34, "mean": [2.0] * 34, "noise": True}
    return curve(name, query) | {"y": NOISY, "count": 100_000, "band": band}


def test_a_smoothed_value_is_that_of_the_server(board: Callable[..., Any], server: Server) -> None:  # noqa: F811
    server.make = smoothed
    page = board("loss", search="?smooth=0.9")
    until(lambda: painted(page, "loss") > 300)
    page.locator(".plot").hover(position={"x": 300, "y": 80})
    until(lambda: output(page, "loss").startswith("5 raw "))
    queries = [query for query in server.questions if "smoothing" in query]
    assert [(query["smoothing"], query["smoothing_weight"]) for query in queries] == [(["ema"], ["0.9"])]


def test_a_smoothed_value_is_named_with_its_own_step(board: Callable[..., Any], server: Server) -> None:  # noqa: F811
    """The points and the smoothed curve of a long run are thinned separately, and have few places in common."""

    def apart(name: str, query: Query) -> dict[str, Any]:
        part = smoothed(name, query)
        if "smoothed" in part:
            steps = range(3, 1000, 25)
            part["smoothed"] = {"x": [*steps], "y": [step + 0.5 for step in steps]}
        return part

    server.make = apart
    page = board("loss", search="?smooth=0.9")
    until(lambda: painted(page, "loss") > 300)
    until(lambda: page.evaluate("chart('loss').curves[0]?.smooth?.x.length") == 40)
    for step, named in ((420, 428), (110, 103)):
        page.evaluate("(step) => chart('loss').hooks.cursor(step)", step)
        until(lambda named=named: output(page, "loss") == f"{named}.5 step {named}")
    page.evaluate("chart('loss').hooks.zoom([100, 150])")
    rows = page.evaluate("import('/static/js/chart/data/rows.js').then((m) => m.rows(chart('loss')))")
    by_step = {row[0]: row[2] for row in rows}
    assert by_step[103] == 103.5 and by_step[128] == 128.5 and by_step[110] == ""


@pytest.mark.parametrize("search", ["?smooth=0.9", "?smooth=0.9&logx=1&log=1"], ids=["linear", "log"])
def test_the_value_axis_contains_the_smoothed_curve(
    board: Callable[..., Any],  # noqa: F811
    server: Server,  # noqa: F811
    search: str,
) -> None:
    server.make = smoothed
    page = board("loss", search=search)
    until(lambda: painted(page, "loss") > 300)
    low, high = page.evaluate("chart('loss').plot.y.domain")
    assert low <= 1 and high >= 5


def test_smoothing_is_fetched_without_the_points(board: Callable[..., Any], server: Server) -> None:  # noqa: F811
    server.make = smoothed
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    before = len(server.asked)
    page.evaluate(
        """() => { const slider = document.querySelector("[name=smooth]");
        for (let i = 1; i <= 50; i += 1) {
            slider.value = i / 100;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        } }"""
    )
    until(lambda: page.evaluate("chart('loss').curves[0].smooth?.y[0]") == 5)
    until(lambda: server.asked[-1]["smoothing_weight"] == ["0.5"])
    queries = server.questions[before:]
    assert all(query["smoothed_only"] == ["true"] for query in queries)
    assert len(queries) < 5


def test_only_visible_charts_ask_for_smoothed_curves(board: Callable[..., Any], server: Server) -> None:  # noqa: F811
    server.make = smoothed
    page = board(*(f"m{i}" for i in range(30)))
    until(lambda: painted(page, "m0") > 300)
    page.evaluate(
        "history.replaceState(null, '', '?smooth=0.5'); dispatchEvent(new PopStateEvent('popstate'))"
    )
    until(lambda: page.evaluate("chart('m0').curves[0].smooth?.y[0]") == 5)
    names = [name for query in server.asked if "smoothing" in query for name in query["names"]]
    assert 0 < len(names) < 10


def test_turning_smoothing_off_draws_the_points(board: Callable[..., Any], server: Server) -> None:  # noqa: F811
    server.make = smoothed
    page = board("loss", search="?smooth=mean:20")
    until(lambda: painted(page, "loss") > 300)
    assert page.locator("select[name=method]").input_value() == "mean"
    page.locator("input[name=smooth]").fill("0")
    until(lambda: page.evaluate("chart('loss').plot.y.domain[1]") < 4)
    assert page.evaluate("location.search") == ""


def test_noise_is_drawn_as_mean_and_range(board: Callable[..., Any], server: Server) -> None:  # noqa: F811
    server.make = lambda name, query: noisy(name, query) | {"band": None}
    block = painted_when_drawn(board("loss"))
    server.make = noisy
    page = board("loss")
    assert painted_when_drawn(page) < block / 3
    page.locator(".plot").hover(position={"x": 300, "y": 80})
    until(lambda: output(page, "loss").startswith("2 raw "))


def test_a_spike_of_a_calm_curve_keeps_its_height(board: Callable[..., Any], server: Server) -> None:  # noqa: F811
    calm = [1.0] * 50 + [9.0] + [1.0] * 50
    server.make = lambda name, query: (
        (part := noisy(name, query)) | {"y": calm, "band": part["band"] | {"noise": False}}
    )
    page = board("loss", search="?y=all")
    painted_when_drawn(page)
    page.evaluate("chart('loss').hooks.cursor(500)")
    until(lambda: output(page, "loss").startswith("9 step 500"))


def painted_when_drawn(page: Any) -> int:
    until(lambda: painted(page, "loss") > 100)
    return painted(page, "loss")
