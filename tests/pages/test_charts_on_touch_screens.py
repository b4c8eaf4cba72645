"""A chart under a finger: a tap leaves the cursor where it was, and what grows large comes into sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.pages.test_charts_in_the_browser import (  # noqa: F401  (fixtures)
    Server,
    board,
    output,
    painted,
    server,
)
from tests.waiting import until


def hand(page: Any, kind: str, pointer: str) -> None:
    """Dispatch a pointer event in the middle of the chart."""
    page.evaluate(
        """([kind, pointerType]) => {
            const plot = document.querySelector(".plot");
            plot.setPointerCapture = () => {};
            const { left, top, width, height } = plot.getBoundingClientRect();
            const [clientX, clientY] = [left + width / 2, top + height / 2];
            plot.dispatchEvent(new PointerEvent(kind, { pointerType, button: 0, clientX, clientY, bubbles: true }));
        }""",
        [kind, pointer],
    )


def test_a_tap_keeps_the_cursor_visible(board: Callable[..., Any]) -> None:  # noqa: F811
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    page.locator(".plot").focus()
    for kind in ("pointerdown", "pointerup", "pointerleave"):
        hand(page, kind, "touch")
    assert " step 4" in output(page, "loss")
    assert page.locator(".cursor").is_visible()
    page.locator(".plot").blur()
    assert output(page, "loss") == "1.456"
    hand(page, "pointermove", "mouse")
    assert " step 4" in output(page, "loss")
    hand(page, "pointerleave", "mouse")
    assert output(page, "loss") == "1.456"


def test_scrolling_with_a_finger_leaves_no_cursor(board: Callable[..., Any]) -> None:  # noqa: F811
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    hand(page, "pointerdown", "touch")
    assert " step 4" in output(page, "loss")
    for kind in ("pointercancel", "pointerleave"):
        hand(page, kind, "touch")
    assert output(page, "loss") == "1.456"


def test_an_enlarged_chart_stays_in_view(board: Callable[..., Any]) -> None:  # noqa: F811
    page = board("a", "b")
    page.set_viewport_size({"width": 800, "height": 600})
    figure = page.locator('figure[data-name="b"]')
    figure.scroll_into_view_if_needed()
    until(lambda: painted(page, "b") > 300)
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("""document.querySelector('figure[data-name="b"] .tools button:nth-child(2)').click()""")
    ends = figure.locator(".points").bounding_box()
    assert ends["y"] + ends["height"] <= 600
