"""A printed page has its content without controls, and charts that were scrolled past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.pages.conftest import CHARTED
from tests.pages.test_charts_in_the_browser import (  # noqa: F401  (fixtures)
    Server,
    board,
    painted,
    server,
)
from tests.waiting import until


def test_a_chart_outside_the_viewport_is_printed(board: Callable[..., Any]) -> None:  # noqa: F811
    page = board("a", "b", "c", "d", "e")
    page.set_viewport_size({"width": 800, "height": 240})
    until(lambda: painted(page, "a") > 300)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    until(lambda: painted(page, "e") > 300 and painted(page, "a") == 0)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert painted(page, "a") > 300
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert painted(page, "a") == 0 and painted(page, "e") > 300


def test_controls_are_not_printed(open_page: Callable[..., Any]) -> None:
    page = open_page(f"/runs/{CHARTED}?pane=config", theme="dark")
    until(lambda: page.locator("#config").is_visible())
    page.emulate_media(media="print", color_scheme="dark")
    visible_controls = "[...document.querySelectorAll('button, nav.rail, .tabs, #search')].filter((control) => control.checkVisibility()).length"
    assert page.evaluate(visible_controls) == 0
    assert page.locator("#config").is_visible() and page.locator("#charts").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
