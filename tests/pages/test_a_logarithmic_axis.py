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
    ranges = [query.get("step_range") for query in server.asked]
    assert ranges == [None, [":10000"], [":1000"], [":100"]]
    x = page.evaluate("chart('loss').curves[0].series.x")
    assert x == [*range(101), *range(110, 1001, 10), *range(1100, 10_001, 100), *range(11_000, 100_001, 1000)]
    assert "Values at zero are not drawn" in page.locator(".plot").get_attribute("aria-label")


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
