"""Going to a step reads the points that were logged at it, whatever the x axis, and not those that are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.test_charts_in_the_browser import (  # noqa: F401  (fixtures)
    Server,
    board,
    output,
    painted,
    server,
)
from tests.waiting import until

Board = Callable[..., Any]
Query = dict[str, list[str]]


def logged(every: int = 1) -> Callable[[str, Query], dict[str, Any]]:
    """A server of a thousand steps, one in `every` of them logged; a tenth of these is drawn of a longer range.

    The value of a step is its square, smoothed it is one more; the time is a second for each step.
    """

    def answer(name: str, query: Query) -> dict[str, Any]:
        low, high = (query.get("step_range", [":"])[0].split(":")) if "step_range" in query else ("", "")
        steps = [step for step in range(0, 1001, every) if int(low or 0) <= step <= int(high or 1000)]
        points = steps if len(steps) < 12 else [*steps[::10], steps[-1]]
        x = [1000 + step for step in points] if query["x"] == ["time"] else points
        part: dict[str, Any] = {"name": name, "kind": "float", "count": len(steps), "x": x, "special": []}
        part["y"] = [step**2 for step in points]
        if "x_metric" in query:
            part["along"] = [step // 100 for step in points]
        if "smoothing" in query:
            part["smoothed"] = {"x": x, "y": [step**2 + 1 for step in points]}
        return part

    return answer


def go_to(page: Any, step: int) -> None:
    page.locator('figure[data-name="loss"] .plot').focus()
    page.keyboard.press("g")
    page.locator(".chart-menu").wait_for()
    page.keyboard.type(str(step))
    page.keyboard.press("Enter")
    until(lambda: not page.locator(".chart-menu").count())


@pytest.mark.parametrize(
    ("search", "reading"),
    [
        ("", "178,929 step 423"),
        ("?smooth=0.9", "178,930 raw 178,929 step 423"),
        ("?x=relative", "178,929 7 min 3 s, step 423"),
        ("?range=0..200", "178,929 step 423"),
    ],
)
def test_the_point_of_the_step_is_read_and_not_one_that_is_drawn(
    board: Board,  # noqa: F811
    server: Server,  # noqa: F811
    search: str,
    reading: str,
) -> None:
    server.make = logged()
    page = board("loss", "other", search=search)
    until(lambda: painted(page, "other") > 100)
    go_to(page, 423)
    until(lambda: output(page, "loss") == reading)
    assert output(page, "other") == reading


def test_over_a_metric_the_step_is_a_step_too(board: Board, server: Server) -> None:  # noqa: F811
    server.make = logged()
    page = board("loss", "epoch", options={"loss": {"x": "epoch"}})
    until(lambda: painted(page, "loss") > 30)
    go_to(page, 423)
    until(lambda: output(page, "loss") == "178,929 epoch 4, step 423")


def test_a_step_without_a_point_leads_to_the_nearest_that_has_one(board: Board, server: Server) -> None:  # noqa: F811
    server.make = logged(every=50)
    page = board("loss")
    until(lambda: painted(page, "loss") > 30)
    go_to(page, 437)
    until(lambda: output(page, "loss") == "202,500 step 450")
