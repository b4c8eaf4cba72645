"""Users arrange the runs table in a browser: columns, widths, views, bulk actions, tags in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.folders import write_run
from tests.processes import Viewer
from tests.waiting import until

pytestmark = pytest.mark.journey("wide", "middle")  # a phone shows a list, which has no columns
MANY = 130
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer with more runs than two batches, with its own preferences."""
    root, home = tmp_path_factory.mktemp("arranged") / "store", tmp_path_factory.mktemp("home")
    for number in range(MANY):
        write_run(root, "p", f"r{number:03d}", config={"lr": number, "wd": 0.1}, created_at=1.7e9 + number)
    viewer = Viewer(root, home, RUNICORN_RATE_LIMIT="off").wait_until_it_answers()
    until(lambda: viewer.get("/api/runs?limit=1").headers["X-Total-Count"] == str(MANY))
    yield viewer
    viewer.stop()


@pytest.fixture
def table(browser: Any, site: Viewer) -> Any:
    """The table in a browser."""
    browser.goto(f"{site.url}/")
    return browser


def heads(page: Any) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('th[data-key]')].map((head) => head.dataset.key)")


def total(site: Viewer, query: str = "") -> int:
    return int(site.get(f"/api/runs?limit=1{query}").headers["X-Total-Count"])


def reopened(table: Any, site: Viewer) -> list[str]:
    """Open the page again and return its columns."""
    table.goto(f"{site.url}/")
    return heads(table)


def usual_columns(table: Any) -> None:
    """Reset the columns."""
    table.locator("#columns summary").click()
    with table.expect_navigation():
        table.get_by_role("button", name="Reset columns").click()


def test_a_column_selected_just_before_leaving_is_kept(table: Any, site: Viewer) -> None:
    usual = heads(table)
    table.locator("#columns summary").click()
    table.route("**/?*", lambda route: None)  # the table with it never comes
    table.locator('#columns input[value="config.wd"]').check()
    table.goto(f"{site.url}/system")
    table.unroute_all()
    until(lambda: set(reopened(table, site)) == {*usual, "config.wd"})
    usual_columns(table)
    assert heads(table) == usual


def test_columns_are_moved_added_resized_and_stay(table: Any, site: Viewer) -> None:
    usual = heads(table)
    table.locator('th[data-key="name"] a').focus()
    table.keyboard.press("Shift+ArrowLeft")
    until(lambda: heads(table)[:2] == ["name", "status"])
    assert table.evaluate("document.activeElement.closest('th')?.dataset.key") == "name"
    table.locator('th[data-key="id"]').drag_to(table.locator('th[data-key="status"]'))
    until(lambda: heads(table)[:3] == ["name", "id", "status"])
    table.locator("#columns summary").click()
    table.locator('#columns input[value="config.wd"]').check()
    until(lambda: "config.wd" in heads(table))
    handle = table.get_by_role("separator", name="Width of ID")
    before = table.locator('th[data-key="id"]').evaluate("head => head.offsetWidth")
    handle.focus()
    table.keyboard.press("ArrowRight")
    width = table.locator('th[data-key="id"]').evaluate("head => head.offsetWidth")
    assert width == before + 16
    arranged = heads(table)

    table.goto(f"{site.url}/system")  # at once
    until(lambda: reopened(table, site) == arranged and bool(table.locator("table.sized").count()))
    assert table.locator('th[data-key="id"]').evaluate("head => head.offsetWidth") == width
    usual_columns(table)
    assert heads(table) == usual
    assert not table.locator("table.sized").count()


def test_all_matching_runs_are_tagged_archived_and_restored(table: Any, site: Viewer) -> None:
    table.locator("#pick-all").check()
    assert table.locator("#selection output").inner_text() == "50 runs selected"
    table.get_by_role("button", name="Select all 130 matching").click()
    until(
        lambda: (
            table.locator("#selection output").inner_text() == "130 runs selected, 50 of them on this page"
        )
    )
    table.get_by_role("link", name="Next").click()
    until(lambda: table.locator("input.pick:checked").count() == 50 and "page=2" in table.url)
    table.fill("#tag-all", "swept")
    table.get_by_role("button", name="Add tag").click()
    until(lambda: "130 runs tagged." in table.locator("#outcome").inner_text())
    assert total(site, "&tags=swept") == MANY
    table.get_by_role("button", name="Undo").click()
    until(lambda: "130 runs no longer tagged." in table.locator("#outcome").inner_text())
    assert total(site, "&tags=swept") == 0
    table.get_by_role("button", name="Clear", exact=True).click()
    assert not table.locator("#selection").is_visible()


def test_tags_and_note_are_edited_in_place(table: Any, site: Viewer) -> None:
    table.keyboard.press("j")
    table.keyboard.press("t")
    sheet = table.get_by_role("dialog", name="Tags and note")
    sheet.get_by_label("Add a tag").fill("first")
    table.keyboard.press("Enter")
    sheet.get_by_label("Add a tag").fill("second <b>")
    sheet.get_by_label("Note").fill("What a run")
    sheet.get_by_role("button", name="Save").click()
    row = table.locator("tbody tr").first
    until(lambda: row.locator("a.tag").all_text_contents() == ["first", "second <b>"])
    until(lambda: table.evaluate("document.activeElement.className") == "name clip")
    run_id = (row.get_attribute("id") or "").removeprefix("run-")
    assert site.get(f"/api/runs/{run_id}").json()["description"] == "What a run"
    table.keyboard.press("t")
    sheet.get_by_label("Remove tag first").click()
    table.keyboard.press("Escape")
    assert site.get(f"/api/runs/{run_id}").json()["tags"] == ["first", "second <b>"]


def test_a_view_is_saved_and_opened(table: Any, site: Viewer) -> None:
    table.goto(f"{site.url}/?where=config.lr+%3C+3&sort=name")
    table.locator("#views summary").click()
    table.get_by_label("Name of the new view").fill("Small rates")
    table.get_by_role("button", name="Save view").click()
    table.goto(f"{site.url}/")
    table.locator("#views summary").click()
    table.get_by_role("link", name="Small rates").click()
    until(lambda: table.locator("a.name").all_text_contents() == ["r000", "r001", "r002"])
    table.goto(f"{site.url}/?view=Small+rates")
    assert table.locator("a.name").all_text_contents() == ["r000", "r001", "r002"]


def test_an_invalid_condition_is_corrected_in_place(table: Any) -> None:
    field = table.get_by_label("Filter expression")
    field.fill("config.lr <")
    table.keyboard.press("Enter")
    until(lambda: "expected a value at position 12" in table.locator("#runs").inner_text())
    field.fill("config.lr < 1")
    table.keyboard.press("Enter")
    until(lambda: table.locator("a.name").all_text_contents() == ["r000"])


def test_the_keyboard_shortcuts_are_listed(table: Any) -> None:
    table.keyboard.press("?")
    assert table.get_by_role("dialog", name="Keyboard shortcuts").is_visible()
    table.keyboard.press("Escape")
    assert not table.get_by_role("dialog", name="Keyboard shortcuts").is_visible()


def test_selected_runs_are_moved_to_another_project_and_back(table: Any, site: Viewer) -> None:
    table.locator("input.pick").first.check()
    table.fill("#move-to", "elsewhere")
    table.get_by_role("button", name="Move", exact=True).click()
    until(lambda: "1 run moved to another project." in table.locator("#outcome").inner_text())
    assert total(site, "&project=elsewhere") == 1
    table.get_by_role("button", name="Undo").click()
    until(lambda: total(site, "&project=elsewhere") == 0)
