"""The panes beside the charts of a run: width, folding, one line of tabs, and the pane that opens first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.folders import write_run
from tests.pages.conftest import CHARTED
from tests.pages.markup import Markup
from tests.waiting import until

Open = Callable[..., Any]
RUN = f"/runs/{CHARTED}"


def test_tabs_stay_in_one_line_and_the_rest_is_in_a_menu(open_page: Open) -> None:
    page = open_page(RUN, size="wide")
    page.get_by_role("tablist").wait_for()
    tabs = page.get_by_role("tablist")
    tops = tabs.evaluate(
        "(list) => [...list.children].filter((tab) => tab.offsetParent).map((tab) => tab.offsetTop)"
    )
    assert len(set(tops)) == 1 and tabs.bounding_box()["height"] <= 40
    page.locator("#more-tabs summary").click()
    page.locator("#more-tabs .sheet").get_by_role("button", name="Histograms").click()
    tab = page.get_by_role("tab", name="Histograms")
    assert tab.get_attribute("aria-selected") == "true"
    box, line = tab.bounding_box(), tabs.bounding_box()
    assert line["x"] <= box["x"] and box["x"] + box["width"] <= line["x"] + line["width"] + 1


def test_the_edge_is_dragged_and_moved_by_keys_and_its_place_is_kept(open_page: Open) -> None:
    page = open_page(RUN, size="wide")
    width = "() => document.querySelector('.side-head').offsetWidth"
    before = page.evaluate(width)
    edge = page.get_by_role("separator", name="Width of the side pane")
    edge.focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(width) == before + 16
    box = edge.bounding_box()
    page.mouse.move(box["x"], 400)
    page.mouse.down()
    page.mouse.move(box["x"] - 100, 400)
    page.mouse.up()
    until(lambda: page.evaluate(width) == before + 116)
    page.reload()
    until(lambda: page.evaluate(width) == before + 116)


def test_a_key_folds_the_side_pane(open_page: Open) -> None:
    page = open_page(RUN, size="wide")
    page.get_by_role("tablist").wait_for()
    page.keyboard.press("\\")
    assert not page.locator("#log").is_visible() and not page.get_by_role("tablist").is_visible()
    page.reload()
    button = page.get_by_role("button", name="Side pane")
    until(lambda: button.get_attribute("aria-expanded") == "false")
    button.click()
    assert page.locator("#log").is_visible()


@pytest.mark.django_db
def test_the_first_pane_with_content_opens(store: Any, page: Callable[..., Markup]) -> None:
    quiet = write_run(store, "vision", "quiet", config={"lr": 0.1})
    empty = write_run(store, "vision", "empty")
    first = [page(f"/runs/{run}").all("div", "tabs")[0].attributes["data-first"] for run in (quiet, empty)]
    assert first == ["config", "log"]
