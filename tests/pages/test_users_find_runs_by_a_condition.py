"""Filtering the table in the real browser: completion of conditions, columns found by search, several sort keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.test_accessibility_of_pages import violations
from tests.processes import Viewer
from tests.screens import open_filters
from tests.waiting import until

Open = Callable[..., Any]


def test_a_condition_is_completed_by_keyboard_and_its_hits_are_shown(open_page: Open) -> None:
    page = open_page("/", bypass_csp=True)
    open_filters(page)
    page.locator("#where").click()
    page.keyboard.type("optim.l")
    option = page.get_by_role("option", name="config.optim.lr")
    option.wait_for()
    assert violations(page) == {}
    page.keyboard.press("ArrowDown")
    until(lambda: option.get_attribute("aria-selected") == "true")
    page.keyboard.press("Enter")
    until(lambda: page.locator("#where").input_value() == "config.optim.lr ")
    page.keyboard.type("< 1")
    until(lambda: page.locator("#where-status").inner_text() == "1 run matches")
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.keyboard.press("Enter")
    until(lambda: page.locator("a.name").all_text_contents() == ["resnet"])
    until(lambda: page.evaluate("document.activeElement.id") == "where")
    assert page.locator("#where-help").is_hidden() and not [url for url in urls if "/runs-where" in url]
    page.locator("#where").fill("optim.lrr < 1")
    until(lambda: "Did you mean config.optim.lr?" in page.locator("#where-status").inner_text())
    page.get_by_role("option", name="config.optim.lr < 1").click()
    until(lambda: page.locator("#where-status").inner_text() == "1 run matches")
    assert page.locator("#where").input_value() == "config.optim.lr < 1 "
    urls.clear()
    page.keyboard.press("Enter")
    until(lambda: page.locator("#where").input_value() == "config.optim.lr < 1")
    until(lambda: page.evaluate("document.activeElement.id") == "where")
    assert page.locator("#where-help").is_hidden() and not [url for url in urls if "/runs-where" in url]
    page.keyboard.press("ArrowDown")
    until(lambda: page.locator("#where-help").is_visible())
    page.keyboard.press("Escape")
    until(lambda: page.locator("#where-help").is_hidden())


def test_an_option_is_taken_by_a_click(open_page: Open) -> None:
    page = open_page("/")
    open_filters(page)
    page.locator("#where").click()
    page.get_by_role("option", name="status").click()
    until(lambda: page.locator("#where").input_value() == "status ")
    page.get_by_role("option", name="=", exact=True).click()
    page.get_by_role("option", name="failed").click()
    until(lambda: page.locator("#where").input_value() == "status = failed ")


@pytest.mark.journey("wide", "middle")
def test_a_column_is_found_by_search_and_the_menu_keeps_its_place(open_page: Open, busy_site: Viewer) -> None:
    until(lambda: "val/acc" in busy_site.get("/runs-keys?find=val").text)
    page = open_page("/?q=resnet")
    page.get_by_role("button", name="Add columns").click()
    until(lambda: page.evaluate("document.activeElement.id") == "column-search")
    page.keyboard.type("val acc")
    box = page.locator('#offers input[value="metric.val/acc.max"]')
    box.focus()
    page.keyboard.press("Space")
    page.locator('th[data-key="metric.val/acc.max"]').wait_for()
    assert box.is_checked()
    page.keyboard.press("Space")
    page.locator('th[data-key="metric.val/acc.max"]').wait_for(state="detached")
    page.keyboard.press("Escape")
    assert page.locator("#columns").get_attribute("open") is None


@pytest.mark.journey("wide")
def test_columns_chosen_while_a_slow_server_answers_are_kept(open_page: Open, busy_site: Viewer) -> None:
    until(lambda: "val/acc" in busy_site.get("/runs-keys?find=val").text)
    page, held = open_page("/?q=resnet"), []
    page.get_by_role("button", name="Add columns").click()
    first, second = (page.locator(f'#offers input[value="metric.val/acc.{end}"]') for end in ("min", "max"))
    first.wait_for()
    page.route("**/?*col=metric.val*", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/?*col=metric.val*"):
        first.check()
    second.check()
    held[0].continue_()
    for box in (first, second):
        page.locator(f'th[data-key="{box.get_attribute("value")}"]').wait_for()
        box.uncheck()
        page.locator(f'th[data-key="{box.get_attribute("value")}"]').wait_for(state="detached")


@pytest.mark.journey("wide")
def test_a_key_that_is_down_while_the_search_answers_ticks_the_box(
    open_page: Open, busy_site: Viewer
) -> None:
    until(lambda: "val/acc" in busy_site.get("/runs-keys?find=val").text)
    page, held = open_page("/?q=resnet"), []
    page.get_by_role("button", name="Add columns").click()
    box = page.locator('#offers input[value="metric.val/acc.max"]')
    other = page.locator('#offers input:not([value*="val"])').first
    other.wait_for()
    page.route("**/*find=val*", lambda route: held.append(route))
    with page.expect_request("**/*find=val*"):
        page.keyboard.type("val")
    box.focus()
    page.keyboard.down("Space")
    held[0].continue_()
    other.wait_for(state="detached")
    page.keyboard.up("Space")
    column = page.locator('th[data-key="metric.val/acc.max"]')
    column.wait_for()
    box.uncheck()
    column.wait_for(state="detached")


@pytest.mark.journey("wide", "middle")
def test_a_click_with_shift_sorts_by_a_second_column(open_page: Open) -> None:
    page = open_page("/?q=bert&sort=status")
    page.locator('th[data-key="name"] .handle').wait_for(state="attached")  # the scripts are loaded
    page.locator('th[data-key="name"] a').click(modifiers=["Shift"])
    until(lambda: page.locator("th sup").all_text_contents() == ["1", "2"])
    assert page.url.endswith("/?q=bert&sort=status%2Cname")


@pytest.mark.journey("wide")
def test_a_malformed_filter_keeps_the_rows_and_its_correction_is_clicked(open_page: Open) -> None:
    page = open_page("/?project=vision")
    names = page.locator("#runs a.name")
    until(lambda: names.all_inner_texts() == ["resnet"])
    page.locator("#where").fill("optim.lrr < 1")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    problem = page.locator("#where-problem")
    problem.get_by_role("link", name="config.optim.lr < 1").wait_for()
    assert names.all_inner_texts() == ["resnet"]
    assert page.locator("#where").get_attribute("aria-invalid") == "true"
    problem.get_by_role("link", name="config.optim.lr < 1").click()
    problem.wait_for(state="hidden")
    until(lambda: page.locator("#where").input_value() == "config.optim.lr < 1")
    assert "where=config.optim.lr" in page.url
