"""Charts of several metrics grow by the frames of the live socket, and smoothed and noisy curves stay right."""

# ruff: noqa: F811

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.test_charts_in_the_browser import Server, board, curve, server  # noqa: F401  (fixtures)
from tests.pages.test_smoothed_and_noisy_curves import Query, noisy
from tests.waiting import until

Board = Callable[..., Any]
LAST = "chart('loss').curves.map(({ label, series }) => [label, series.x.at(-1), series.y.at(-1)])"
BOTH = {"loss": {"metrics": ["loss", "acc"]}}


def wait_for_curves(page: Any, curves: int = 2) -> None:
    until(lambda: page.evaluate("window.chart?.('loss')?.curves.length") == curves)


def advance(page: Any, before: int, **metrics: float) -> Any:
    """Log one more row of these metrics, as the live socket says it, and return the last point of each curve."""
    points = {
        name: {"step": [before + 1], "time": [1.0], "value": [value]} for name, value in metrics.items()
    }
    code = f"([before, points]) => {{ board.advance(before, before + 1, points); return {LAST}; }}"
    return page.evaluate(code, [before, points])


@pytest.mark.parametrize(
    "loss_options", [{"metrics": ["loss", "acc"]}, {"match": "loss|acc"}], ids=["list", "expression"]
)
def test_several_metrics_grow_without_a_request(
    board: Board, server: Server, loss_options: dict[str, Any]
) -> None:
    page = board("loss", "acc", options={"loss": loss_options})
    wait_for_curves(page)
    count = len(server.asked)
    advance(page, 1000, acc=8.0, other=1.0)
    assert advance(page, 1001, loss=9.0, acc=7.0) == [["loss", 1002, 9], ["acc", 1002, 7]]
    until(lambda: page.evaluate("chart('loss').plot.y.domain[1]") >= 9)
    assert len(server.asked) == count


@pytest.mark.parametrize("search", ["?smooth=0.9", "?smooth=0.9&logx=1"], ids=["linear", "log"])
def test_smoothed_curves_of_a_growing_chart_are_fetched_again(
    board: Board, server: Server, search: str
) -> None:
    calls: Counter[str] = Counter()

    def make(name: str, query: Query) -> dict[str, Any]:
        calls[name] += 1
        smoothed = {"smoothed": {"x": [1000], "y": [calls[name]]}} if "smoothing" in query else {}
        return curve(name, query) | smoothed | ({"x": [], "y": []} if "smoothed_only" in query else {})

    server.make = make
    page = board("loss", search=search, options=BOTH)
    smooth = "chart('loss').curves.map(({ smooth }) => smooth?.y[0] ?? 0)"
    wait_for_curves(page)
    until(lambda: all(page.evaluate(smooth)))
    before = page.evaluate(smooth)
    assert advance(page, 1000, loss=9.0)[0] == ["loss", 1001, 9]
    until(lambda: all(now > then for now, then in zip(page.evaluate(smooth), before, strict=True)))
    if "logx" not in search:
        assert server.asked[-1]["smoothed_only"] == ["true"] and server.asked[-1]["names"] == ["loss", "acc"]
        assert page.evaluate(LAST)[0] == ["loss", 1001, 9]


def test_a_metric_without_points_is_fetched_with_its_first_point(board: Board, server: Server) -> None:
    server.make = lambda name, query: curve(name, query) | ({"name": "-"} if name == "acc" else {})
    page = board("loss", options=BOTH)
    wait_for_curves(page)
    count = len(server.asked)
    assert advance(page, 1000, loss=9.0)[0] == ["loss", 1001, 9] and len(server.asked) == count
    advance(page, 1001, acc=9.0)
    until(lambda: len(server.asked) > count)


def test_mean_and_range_of_noise_grow(board: Board, server: Server) -> None:
    server.make = noisy
    page = board("loss")
    wait_for_curves(page, 1)
    count = len(server.asked)
    for i in range(60):
        advance(page, 1000 + i, loss=1.0 + 4 * (i % 2))
    columns = "Object.values(chart('loss').curves[0].band).slice(0, 4).map((column) => column.slice(34))"
    assert page.evaluate(columns) == [
        [1031, 1060],
        [1, 1],
        [5, 5],
        [pytest.approx(91 / 31), pytest.approx(89 / 29)],
    ]
    until(lambda: page.evaluate("chart('loss').domain[1]") == 1060)
    assert len(server.asked) == count
