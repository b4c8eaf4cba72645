"""Back to the table, a renamed run in the breadcrumb, toasts beside what people click, previews with names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.folders import write_run
from tests.pages.conftest import CHARTED
from tests.processes import Viewer
from tests.waiting import until

Open = Callable[..., Any]
COVERED = """() => [...document.querySelectorAll(".pager a, .pager button, #selection .button, #selection input")]
    .filter((element) => element.checkVisibility()).filter((element) => {
        const box = element.getBoundingClientRect();
        return !element.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2));
    }).map((element) => element.outerHTML.slice(0, 80))"""


@pytest.mark.journey("wide")
@pytest.mark.parametrize("address", ["/?project=nlp", "/?project=nlp&layout=charts"])
def test_back_from_a_run_restores_scroll_focus_and_selection(open_page: Open, address: str) -> None:
    page = open_page(address)
    page.set_viewport_size({"width": 1440, "height": 420})
    rows = page.locator("#runs tbody tr[id]")
    until(lambda: rows.count() > 12)
    scrolled = ".list-rows" if "charts" in address else "#picked"
    rows.nth(2).locator("input.pick").check()
    name = rows.nth(11).locator("a.name")
    name.scroll_into_view_if_needed()
    at = page.locator(scrolled).evaluate("(element) => element.scrollTop")
    assert at > 50
    run_id = rows.nth(11).get_attribute("id")
    name.click()
    page.get_by_role("tablist").wait_for()
    page.go_back()
    until(lambda: page.locator(scrolled).evaluate("(element) => element.scrollTop") == at)
    assert page.evaluate("document.activeElement.closest('tr')?.id") == run_id
    assert rows.nth(2).locator("input.pick").is_checked() and page.locator("#selection").is_visible()


@pytest.mark.journey("wide")
def test_the_breadcrumb_follows_a_new_name(open_page: Open, busy_site: Viewer) -> None:
    run_id = write_run(busy_site.root, "renamed", "before")
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page(f"/runs/{run_id}")
    page.get_by_role("button", name="Edit name").click()
    page.get_by_label("Display name").fill("after $& all")
    page.get_by_role("button", name="Save").click()
    until(lambda: page.locator(".crumbs [aria-current]").inner_text() == "after $& all")
    assert page.title().startswith("after $& all")


@pytest.mark.journey("wide", "middle")
def test_a_toast_covers_no_control_and_the_selection_is_one_line(open_page: Open, busy_site: Viewer) -> None:
    page = open_page("/?project=nlp")
    row = page.locator("#runs tbody tr[id]").first
    row.locator("input.pick").check()
    page.get_by_label("Tag for the selected runs").fill("toasted")
    page.get_by_role("button", name="Add tag").click()
    page.locator("#outcome", has_text="1 run tagged.").wait_for()
    assert page.evaluate(COVERED) == []
    assert page.locator("#selection").bounding_box()["height"] < 50
    page.get_by_role("button", name="Undo").click()
    page.locator("#outcome", has_text="no longer tagged").wait_for()


@pytest.mark.journey("wide")
def test_the_preview_of_a_rule_names_the_runs(open_page: Open) -> None:
    # The store is that of all tests of the folder: others write runs that fail.
    page = open_page("/alerts/rules/new?template=failed&where=project+%3D+nlp")
    page.get_by_role("button", name="Preview on past runs").click()
    page.locator("#forecast-title").wait_for()
    names = page.locator("section.last ul.rows a").all_inner_texts()
    assert names and all(name.startswith("bert-") for name in names), names
    assert CHARTED not in names
