"""Tags, note, pin, archive and delete on the page of a run, in the real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.folders import append_metrics, write_run
from tests.processes import Viewer
from tests.screens import open_run_details
from tests.waiting import until

pytestmark = pytest.mark.journey
Open = Callable[..., Any]


@pytest.fixture
def run_id(busy_site: Viewer) -> str:
    """A running run for this test, with a known number of steps."""
    new_id = write_run(
        busy_site.root,
        "edited",
        "by people",
        status="running",
        metrics=[{"loss": 1.0}],
        config={"max_steps": 100},
        tags=["first"],
    )
    until(lambda: busy_site.get(f"/api/runs/{new_id}").status_code == 200)
    return new_id


@contextmanager
def unwritable(root: Path) -> Iterator[None]:
    """A store in which nothing can be changed: its private folder is a link, which the viewer does not follow."""
    private, aside = root / ".runicorn", root.with_name("aside")
    private.mkdir(exist_ok=True)
    private.rename(aside)
    private.symlink_to(aside)
    try:
        yield
    finally:
        private.unlink()
        aside.rename(private)


def test_tags_and_note_are_edited_in_place(open_page: Open, busy_site: Viewer, run_id: str) -> None:
    page = open_page(f"/runs/{run_id}")
    page.locator("body").press("t")
    sheet = page.get_by_role("dialog", name="Tags and note")
    sheet.get_by_label("Add a tag").fill("<b>second</b>")
    page.keyboard.press("Enter")
    sheet.get_by_label("Note").fill("What a run\nand more")
    sheet.get_by_role("button", name="Save").click()
    tags = page.locator("#header a.tag")
    until(lambda: tags.all_text_contents() == ["first", "<b>second</b>"])
    assert page.locator("#header .description").inner_text() == "What a run\nand more"
    until(lambda: page.evaluate("document.activeElement.dataset.edit") == "tags")
    answer = busy_site.get(f"/api/runs/{run_id}").json()
    assert (answer["tags"], answer["description"]) == (["first", "<b>second</b>"], "What a run\nand more")


def test_a_note_that_somebody_else_changed_meanwhile_is_kept_beside_ours(
    open_page: Open, busy_site: Viewer, run_id: str
) -> None:
    address = f"{busy_site.url}/api/runs/{run_id}"
    requests.patch(address, json={"description": "Begun."}, timeout=10).raise_for_status()
    page = open_page(f"/runs/{run_id}", refused=[409])
    page.locator("body").press("n")
    sheet = page.get_by_role("dialog", name="Tags and note")
    until(lambda: sheet.get_by_label("Note").input_value() == "Begun.")
    changes = {"description": "Begun. Diverged at 300.", "tags": ["theirs"]}
    requests.patch(address, json=changes, timeout=10).raise_for_status()
    sheet.get_by_label("Note").fill("Begun.\n\nThe loader is slow.")
    sheet.get_by_role("button", name="Save").click()
    until(lambda: "This note was changed meanwhile" in sheet.inner_text())
    both = "Begun. Diverged at 300.\n\nThe loader is slow."
    assert sheet.get_by_label("Note").input_value() == both
    assert busy_site.get(f"/api/runs/{run_id}").json()["description"] == changes["description"]
    sheet.get_by_role("button", name="Save").click()
    until(lambda: not sheet.count())
    run = busy_site.get(f"/api/runs/{run_id}").json()
    # The tags were not touched here.
    assert (run["description"], run["tags"]) == (both, ["theirs"])


def test_an_open_sheet_outlives_the_redraw_of_the_head(
    open_page: Open, busy_site: Viewer, run_id: str
) -> None:
    page = open_page(f"/runs/{run_id}")
    open_run_details(page)
    page.get_by_role("button", name="Edit tags").click()
    field = page.get_by_role("dialog").get_by_label("Add a tag")
    field.fill("half a wo")
    append_metrics(busy_site.root, "edited", "by people", run_id, [{"loss": 0.5, "global_step": 60}], 2e9)
    until(lambda: page.locator("#step").text_content() == "60")
    until(lambda: busy_site.get(f"/api/runs/{run_id}/progress").json()["step"] == 60)  # what will be drawn
    page.evaluate("import('/static/js/run/header.js').then((header) => header.redraw())")
    until(lambda: "60 of 100" in page.locator("#header .progress").inner_text())
    assert field.input_value() == "half a wo"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    until(lambda: page.evaluate("document.activeElement.dataset.edit") == "tags")


def test_an_older_head_that_comes_late_is_not_drawn(open_page: Open, busy_site: Viewer) -> None:
    run_id = write_run(busy_site.root, "edited", "late head")  # it has ended: the page itself draws no head
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page(f"/runs/{run_id}")
    late: list[tuple[Any, Any]] = []

    def delay_the_first(route: Any) -> None:
        if late:
            route.continue_()
        else:
            late.append((route, route.fetch()))

    page.route("**/runs/*?part=header", delay_the_first)
    page.evaluate(
        "import('/static/js/run/header.js').then(({ redraw }) => { window.redraw = redraw; window.first = redraw(); })"
    )
    until(lambda: page.evaluate("Boolean(window.first)") and late)
    edited = requests.patch(f"{busy_site.url}/api/runs/{run_id}", json={"tags": ["newer"]}, timeout=30)
    assert edited.status_code == 200
    page.evaluate("redraw()")
    assert page.locator("#header a.tag").all_text_contents() == ["newer"]
    (route, response) = late[0]
    route.fulfill(response=response)
    page.evaluate("first.then(() => {})")
    assert page.locator("#header a.tag").all_text_contents() == ["newer"]


def test_a_run_is_pinned_archived_and_restored(open_page: Open, busy_site: Viewer, run_id: str) -> None:
    page = open_page(f"/runs/{run_id}")
    for name, back, field in (("Pin", "Unpin", "pinned"), ("Archive", "Unarchive", "archived")):
        for action, then, expected in ((name, back, True), (back, name, False)):
            open_run_details(page)
            page.get_by_role("button", name=action, exact=True).click()
            page.get_by_role("button", name=then, exact=True).wait_for()
            assert busy_site.get(f"/api/runs/{run_id}").json()[field] is expected


def test_a_deletion_can_be_undone_at_once(open_page: Open, busy_site: Viewer, run_id: str) -> None:
    page = open_page(f"/runs/{run_id}")
    open_run_details(page)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").wait_for(state="hidden")
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)


def test_a_read_only_store_is_reported_in_the_editor(chromium: Any, busy_site: Viewer, run_id: str) -> None:
    sentence = "A link leads out of the storage root: nothing was changed"
    page = chromium.new_context().new_page()  # the browser logs a refusal as an error
    page.goto(f"{busy_site.url}/runs/{run_id}")
    note = page.get_by_role("textbox", name="Note")
    with unwritable(busy_site.root):
        page.get_by_role("button", name="Pin", exact=True).click()
        until(lambda: page.locator("#refusal").inner_text() == sentence)
        page.get_by_role("button", name="Add a note").click()
        note.fill("lost?")
        page.get_by_role("button", name="Save").click()
        until(lambda: page.locator("dialog .problem").inner_text() == sentence)
        assert note.input_value() == "lost?"
    page.get_by_role("button", name="Save").click()
    until(lambda: page.locator("#header .description").inner_text() == "lost?")
    page.context.close()


def test_escape_asks_before_it_discards_a_note(open_page: Open, run_id: str) -> None:
    page = open_page(f"/runs/{run_id}")
    page.keyboard.press("n")
    note = page.get_by_label("Note (Markdown)")
    note.fill("Half an hour of thoughts")
    page.keyboard.press("Escape")
    page.get_by_text("Press Escape again to discard what you typed.").wait_for()
    assert note.input_value() == "Half an hour of thoughts"
    page.keyboard.press("Escape")
    note.wait_for(state="detached")


@pytest.mark.journey("wide")
def test_a_link_is_hidden_when_something_else_is_to_be_shared(open_page: Open, run_id: str) -> None:
    page = open_page(f"/runs/{run_id}")
    page.locator("[data-share]").first.click()
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_label("Link", exact=True)
    link.wait_for()
    page.get_by_label("What").select_option(label="Report of this run")
    assert link.is_hidden()
    page.get_by_role("button", name="Create link").click()
    link.wait_for()


@pytest.mark.journey("wide")
def test_values_of_what_changed_follow_a_running_run(open_page: Open, busy_site: Viewer) -> None:
    write_run(busy_site.root, "growing", "before", metrics=[{"loss": 2.0}], created_at=1e9)
    run_id = write_run(busy_site.root, "growing", "now", status="running", metrics=[{"loss": 1.0}])
    query = {"project": "growing", "where": "metric.loss.last exists"}
    until(lambda: busy_site.get("/api/v2/experiments", params=query).json()["total"] == 2)
    page = open_page(f"/runs/{run_id}")
    effects = page.locator("#changed .effects")
    effects.get_by_text("2 → 1").wait_for()
    page.mouse.move(5, 5)
    append_metrics(busy_site.root, "growing", "now", run_id, [{"loss": 0.25}], 2e9)
    effects.get_by_text("2 → 0.25").wait_for()
