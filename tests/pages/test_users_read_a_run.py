"""The main task of the run page, in the real browser: look at curves, the log, config, and come back by the address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.conftest import CHARTED
from tests.screens import Screen, open_chart_settings
from tests.waiting import until

pytestmark = pytest.mark.journey
Open = Callable[..., Any]
RUN = f"/runs/{CHARTED}"
DRAWN = "(name) => document.querySelector(`figure[data-name='${name}'] canvas`)?.width > 0"


def see(page: Any, name: str) -> None:
    """Scroll to a chart, and wait until it is drawn."""
    page.locator(f'figure[data-name="{name}"]').scroll_into_view_if_needed()
    until(lambda: page.evaluate(DRAWN, name))


def show(page: Any, pane: str) -> None:
    """Open a pane, which a wide screen may show already."""
    page.get_by_role("tab", name=pane).click()


def output(page: Any, name: str) -> str:
    return str(page.locator(f'figure[data-name="{name}"] output').text_content())


def test_charts_stand_in_groups_and_are_found_by_name(open_page: Open) -> None:
    page = open_page(RUN)
    for name in ("lr", "train/loss", "val/acc"):
        see(page, name)
    assert page.locator(".group h2").all_text_contents() == ["val", "train", "metrics"]
    page.fill("input[name=charts]", "loss")
    assert page.locator("figure[data-name]:visible").count() == 1
    assert page.url.endswith("?charts=loss")
    counts = "[...document.querySelectorAll('.group:not([hidden]) summary .count, #section-index span')].map((count) => count.textContent)"
    assert page.evaluate(counts) == ["1", "1 of 1"]
    page.fill("input[name=charts]", "nothing like that")
    assert page.get_by_text("No charts match.").is_visible()


@pytest.mark.journey
def test_the_end_of_a_followed_log_is_in_the_window(open_page: Open, screen: Screen) -> None:
    page = open_page(RUN)
    show(page, "Log")
    page.locator(".log .lines > div").first.wait_for()
    end = "document.querySelector('.log .lines').getBoundingClientRect().bottom"
    # What changed arrives after the page, above the log.
    page.locator("#changed .changed-card").wait_for()
    limit = page.viewport_size["height"] - (56 if screen.is_phone else 0)
    until(lambda: page.evaluate(end) <= limit)


def test_the_url_shows_a_colleague_the_same_view(open_page: Open, screen: Screen) -> None:
    page = open_page(RUN)
    see(page, "val/acc")
    open_chart_settings(page, only_on_phones=True)
    page.get_by_role("region", name="Charts").get_by_text("Duration", exact=True).click()
    page.locator("input[name=smooth]").fill("0.5")
    open_chart_settings(page)
    page.get_by_label("Log y").check()
    page.keyboard.press("Escape")
    show(page, "Config")
    page.wait_for_url(f"**{RUN}?x=relative&smooth=0.5&log=1&pane=config")

    other = open_page(page.url.removeprefix(page.url.split("/runs/")[0]))
    until(lambda: other.locator("#config").is_visible() and not other.locator("#log").is_visible())
    assert other.locator("#charts").is_visible() is (screen.size == "wide")
    if screen.size != "wide":
        show(other, "Charts")
    see(other, "val/acc")
    assert other.locator("input[value=relative]").is_checked()
    assert other.locator("input[name=log]").is_checked()
    assert other.locator("output[name=smoothed]").text_content() == "0.50"


def test_a_range_is_read_again_at_full_resolution(open_page: Open) -> None:
    page = open_page(RUN)
    see(page, "val/acc")
    page.locator('figure[data-name="val/acc"] .plot').scroll_into_view_if_needed()
    plot = page.locator('figure[data-name="val/acc"] .plot')
    box = plot.bounding_box()
    with page.expect_request(lambda request: "step_range=" in request.url):
        page.mouse.move(box["x"] + 100, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + 200, box["y"] + 50, steps=3)
        page.mouse.up()
    page.wait_for_url("**range=**")
    page.get_by_title("Reset zoom").wait_for()
    assert plot.bounding_box()["y"] == box["y"], "the page was moved by the zoom"
    page.get_by_title("Reset zoom").click()
    page.wait_for_url(lambda url: "range=" not in url)


def test_the_log_has_its_colours_and_follows(open_page: Open) -> None:
    page = open_page(RUN)
    show(page, "Log")
    lines = page.locator("#log .lines > div")
    until(lambda: lines.count() == 60)
    assert lines.nth(3).text_content() == "12:00:03 | epoch 3"
    assert page.locator("#log .ansi-green").first.text_content() == "epoch"
    bottom = "(e => e.scrollHeight - e.clientHeight - e.scrollTop)(document.querySelector('#log .lines'))"
    until(lambda: page.evaluate(bottom) < 2)


def test_config_is_searched_and_copied(open_page: Open, chromium: Any) -> None:
    page = open_page(RUN + "?pane=config", permissions=["clipboard-read", "clipboard-write"])
    until(lambda: page.locator("#config").is_visible())
    assert page.locator("#config dt").all_text_contents() == ["optim.lr", "optim.name", "batch"]
    page.get_by_label("Filter Config").fill("adam")
    assert page.locator("#config dl > div:visible").count() == 1
    page.get_by_label("Copy Config as JSON").click()
    until(lambda: '"name": "adam"' in page.evaluate("navigator.clipboard.readText()"))


NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
DENIED = "navigator.clipboard.writeText = () => Promise.reject(new DOMException('denied'));"
READ_COPIES = "addEventListener('copy', () => { window.copied = document.activeElement.value; });"


@pytest.mark.parametrize("clipboard", [NO_CLIPBOARD, DENIED])
def test_texts_are_copied_where_browsers_give_pages_no_clipboard(open_page: Open, clipboard: str) -> None:
    page = open_page(RUN + "?pane=config")
    until(lambda: page.locator("#config").is_visible())
    page.evaluate(clipboard + READ_COPIES)
    page.get_by_label("Copy Config as JSON").click()
    until(lambda: '"name": "adam"' in (page.evaluate("window.copied") or ""), timeout=20)
    until(lambda: page.locator("[data-copy=config-json]").get_attribute("data-done") == "Copied", timeout=20)


def test_a_text_that_cannot_be_copied_is_selected(open_page: Open) -> None:
    page = open_page(RUN + "?pane=config")
    until(lambda: page.locator("#config").is_visible())
    page.evaluate(NO_CLIPBOARD + "document.execCommand = () => false;")
    page.get_by_label("Copy Config as JSON").click()
    until(lambda: '"name": "adam"' in page.evaluate("getSelection().toString()"), timeout=20)


def test_tabs_are_selected_with_keys(open_page: Open) -> None:
    page = open_page(RUN)
    log = page.get_by_role("tab", name="Log")
    log.click()
    until(lambda: log.get_attribute("aria-selected") == "true")
    log.focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Config").get_attribute("aria-selected") == "true"
    assert page.evaluate("document.activeElement.textContent.trim()") == "Config"


def test_a_lost_connection_is_reported_and_restored(open_page: Open) -> None:
    page = open_page("/")
    page.route_web_socket("**/live**", lambda socket: socket.close(code=1011))
    page.goto(page.url.rstrip("/") + RUN)
    notice = page.locator("#connection")
    # It is hidden for a moment while the page connects again.
    again = notice.get_by_role("button", name="Try again")
    until(lambda: "Disconnected" in notice.inner_text() and again.is_visible())


def test_the_system_page_updates_live(open_page: Open) -> None:
    page = open_page("/system")
    figures = "document.getElementById('figures').dataset.at"
    first = page.evaluate(figures)
    until(lambda: page.evaluate(figures) != first)
    until(lambda: page.evaluate("document.querySelector('#history canvas')?.width > 0"))
    assert page.locator("#history h3").all_text_contents()[:2] == ["CPU %", "Memory %"]


def test_log_lines_are_found_by_a_regular_expression(open_page: Open) -> None:
    page = open_page(RUN, refused=(400,))
    show(page, "Log")
    page.get_by_role("button", name="Regular expression").click()
    page.get_by_role("searchbox", name="Search the log").fill(r"00:0[1-3] .*\d$")
    until(lambda: page.locator("output[name=found]").text_content() == "3 found")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    until(lambda: page.locator(".lines [aria-current]").get_attribute("data-n") == "3")
    assert [row.get_attribute("data-n") for row in page.locator(".lines .match").all()] == ["2", "3", "4"]
    page.get_by_role("searchbox", name="Search the log").fill("[")
    page.get_by_text("Invalid regular expression: unterminated character set at position 1.").wait_for()
