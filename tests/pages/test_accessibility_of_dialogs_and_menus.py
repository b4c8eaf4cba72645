"""axe-core finds no violation in what people open on a page: editors, menus, dialogs, diffs, tables, large charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.conftest import CHARTED
from tests.pages.test_accessibility_of_pages import violations
from tests.pages.test_the_environment_of_a_run_is_shown import GIT, with_environment
from tests.processes import Viewer
from tests.waiting import until

Open = Callable[..., Any]
DRAWN = '#charts figure[data-name="val/acc"] .plot[aria-label*="points"]'


@pytest.fixture
def run_page(open_page: Open) -> Any:
    """The page of a run with charts, the first of them drawn."""
    page = open_page(f"/runs/{CHARTED}", bypass_csp=True)
    page.locator(DRAWN).wait_for()
    return page


def test_the_editor_of_tags_and_note_has_no_violation(run_page: Any) -> None:
    run_page.locator("body").press("t")
    run_page.get_by_role("dialog", name="Tags and note").wait_for()
    assert violations(run_page) == {}


def test_a_large_chart_and_its_table_have_no_violation(run_page: Any) -> None:
    chart = run_page.locator('#charts figure[data-name="val/acc"]')
    chart.locator(".plot").focus()  # its buttons are visible while it has the focus
    chart.get_by_role("button", name="Full screen").click()
    chart.get_by_role("button", name="Table").click()
    chart.get_by_role("region", name="Points of val/acc").wait_for()
    chart.locator(".plot").press("ArrowLeft")
    assert violations(run_page) == {}


def test_zoomed_and_smoothed_charts_have_no_violation(open_page: Open) -> None:
    search = "?range=10..200&smooth=0.6&logx=1&log=1&y=core"
    page = open_page(f"/runs/{CHARTED}{search}", bypass_csp=True)
    page.locator(DRAWN).wait_for()
    assert violations(page) == {}


def test_the_tabs_of_a_run_have_no_violation(run_page: Any) -> None:
    for pane in ("Config", "Summary", "Images", "Tables", "Histograms"):
        run_page.get_by_role("tab", name=pane).click()
        until(lambda pane=pane: run_page.locator(f"#{pane.lower()}").is_visible())
        if pane in ("Images", "Tables", "Histograms"):
            run_page.locator(f"#{pane.lower()} figure .body > *").first.wait_for()
        assert violations(run_page) == {}, pane


def test_a_searched_log_has_no_violation(run_page: Any) -> None:
    run_page.get_by_label("Search the log", exact=True).last.fill("epoch 5")
    run_page.keyboard.press("Enter")
    run_page.locator("#log [aria-current]").wait_for()
    assert violations(run_page) == {}


def test_the_environment_with_an_open_diff_has_no_violation(open_page: Open, busy_site: Viewer) -> None:
    run_id = with_environment(busy_site.root, {"git_info": GIT, "pip_packages": ["numpy==2.1", "rich==1"]})
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page(f"/runs/{run_id}?pane=environment", bypass_csp=True)
    page.locator("#environment").get_by_text("Uncommitted changes").click()
    page.locator("#environment .diff .added").wait_for()
    assert violations(page) == {}
    page.goto(f"{busy_site.url}/runs/{run_id}/diff")
    assert violations(page) == {}


def test_the_page_of_a_logged_table_has_no_violation(run_page: Any, busy_site: Viewer) -> None:
    run_page.get_by_role("tab", name="Tables").click()
    link = run_page.locator("#tables figure .body a[href*='/table/']").first
    link.wait_for()
    run_page.goto(busy_site.url + link.get_attribute("href"))
    assert violations(run_page) == {}


def test_help_saved_views_and_notices_have_no_violation(open_page: Open) -> None:
    page = open_page("/?project=nlp", bypass_csp=True)
    until(lambda: page.locator("#pick-all").is_visible())
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    assert violations(page) == {}
    page.keyboard.press("Escape")
    page.locator("#views summary").click()
    assert violations(page) == {}
    page.keyboard.press("Escape")
    page.locator("input.pick").first.check()
    page.get_by_role("button", name="Pin", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    until(lambda: "no longer pinned" in page.locator("#outcome").inner_text())
    assert violations(page) == {}


def test_comparisons_of_groups_and_of_one_value_have_no_violation(open_page: Open, busy_site: Viewer) -> None:
    listed_runs = busy_site.get("/api/runs?project=nlp&limit=3").json()
    runs = ",".join([CHARTED, *(run["id"] for run in listed_runs)])
    page = open_page(f"/?layout=charts&runs={runs}&group=config.batch&metric=val/acc", bypass_csp=True)
    page.locator("#charts .plot").first.wait_for()
    assert violations(page) == {}


@pytest.mark.parametrize("size", [pytest.param("middle", marks=pytest.mark.torture), "phone"])
def test_smaller_screens_have_no_violation(open_page: Open, size: str) -> None:
    for address in ("/", f"/runs/{CHARTED}", "/settings", "/system"):
        assert violations(open_page(address, size=size, bypass_csp=True)) == {}, address
