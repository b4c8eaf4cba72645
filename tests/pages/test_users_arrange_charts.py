"""Arranging charts in the real browser: by mouse, keyboard and touch, saved as a board of the project."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.folders import write_run
from tests.pages.test_accessibility_of_pages import violations
from tests.processes import Viewer
from tests.screens import Screen
from tests.waiting import until

Open = Callable[..., Any]
CURVE = [{"val/acc": n / 20, "val/loss": 2 / n, "train/loss": 3 / n, "lr": 0.1} for n in range(1, 20)]
PROJECTS = count()


class Arranged:
    """A run of a project of its own, and the board of that project."""

    def __init__(self, open_page: Open, site: Viewer) -> None:
        self.open_page, self.site = open_page, site
        self.project = f"boards {next(PROJECTS)}"
        self.run_id = write_run(site.root, self.project, "run", metrics=CURVE)
        until(lambda: site.get(f"/api/runs/{self.run_id}/metrics").json().get("total") == len(CURVE))

    def open(self, search: str = "", size: str = "wide", **options: Any) -> Any:
        page = self.open_page(f"/runs/{self.run_id}{search}", size=size, **options)
        page.locator("[data-cell]").first.wait_for(state="attached")
        return page

    def file(self, name: str = "default") -> Path:
        return self.site.root / self.project / "boards" / f"{name}.json"

    def board(self, name: str = "default") -> Any:
        """Return what is saved; None without a file."""
        return json.loads(self.file(name).read_text("utf-8")) if self.file(name).exists() else None

    def saved(self, condition: Callable[[Any], Any]) -> None:
        until(lambda: (board := self.board()) is not None and condition(board))


@pytest.fixture
def arranged(open_page: Open, busy_site: Viewer) -> Arranged:
    return Arranged(open_page, busy_site)


def sections(page: Any) -> dict[str, list[str]]:
    """Return the charts of each section as they stand on the page."""
    state = page.evaluate(
        """() => [...document.querySelectorAll(".group")].filter(({hidden}) => !hidden).map((group) => [
            group.querySelector("h2").textContent,
            [...group.querySelectorAll("[data-cell]")].filter(({hidden}) => !hidden).map((cell) => cell.dataset.cell)])"""
    )
    return dict(state)


def choose(page: Any, cell: str, *entries: str) -> None:
    """Choose entries of the menu of a chart, one after the other."""
    page.locator(f'[data-cell="{cell}"] .more').click()
    for entry in entries:
        page.locator("[role=menu]").get_by_text(entry, exact=True).click()


USUAL = {"val": ["val/acc", "val/loss"], "train": ["train/loss"], "metrics": ["lr"]}


def test_a_pinned_and_a_hidden_chart_stay_so_in_another_browser(arranged: Arranged) -> None:
    page = arranged.open()
    assert sections(page) == USUAL
    choose(page, "train/loss", "Pin")
    choose(page, "lr", "Hide")
    expected = {"Pinned": ["train/loss"], "val": ["val/acc", "val/loss"]}
    assert sections(page) == expected
    arranged.saved(lambda board: board == {"pinned": ["train/loss"], "hidden": ["lr"]})
    other = arranged.open()
    assert sections(other) == expected
    other.locator("#board-menu").click()
    other.get_by_role("menuitem", name="Show hidden charts (1)").click()
    choose(other, "lr", "Show again")
    arranged.saved(lambda board: board["hidden"] == [])


def test_a_chart_is_dragged_to_another_place(arranged: Arranged) -> None:
    page = arranged.open()
    page.locator('[data-cell="val/loss"]').hover()
    page.locator('[data-cell="val/loss"] .grip').hover()
    page.mouse.down()
    target = page.locator('[data-cell="val/acc"]').bounding_box()
    page.mouse.move(target["x"] + 60, target["y"] + 100)
    page.mouse.move(target["x"] + 40, target["y"] + 100)
    assert page.locator(".drop-mark").is_visible()
    page.mouse.up()
    assert sections(page)["val"] == ["val/loss", "val/acc"]
    arranged.saved(lambda board: board["sections"][0]["items"][0] == {"metrics": ["val/loss"]})
    page.reload()
    page.locator("[data-cell]").first.wait_for(state="attached")
    assert sections(page)["val"] == ["val/loss", "val/acc"]
    page.keyboard.press("Control+z")  # what was undone is of the page that made it
    assert sections(page)["val"] == ["val/loss", "val/acc"]


def test_escape_ends_a_drag_without_a_change(arranged: Arranged) -> None:
    page = arranged.open()
    page.locator('[data-cell="val/loss"]').hover()
    page.locator('[data-cell="val/loss"] .grip').hover()
    page.mouse.down()
    target = page.locator('[data-cell="val/acc"]').bounding_box()
    page.mouse.move(target["x"] + 40, target["y"] + 100)
    page.mouse.move(target["x"] + 42, target["y"] + 100)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert sections(page) == USUAL
    assert page.locator(".drop-mark, .dragged").count() == 0


def test_a_chart_is_moved_by_keys_and_announced(arranged: Arranged) -> None:
    page = arranged.open()
    grip = page.locator('[data-cell="val/acc"] .grip')
    status = page.locator("#board-said")
    grip.focus()
    page.keyboard.press("Enter")
    assert status.inner_text().startswith("Moving val/acc.")
    page.keyboard.press("ArrowRight")
    assert status.inner_text() == "val/acc: place 2 of 2 in val."
    page.keyboard.press("ArrowDown")
    assert status.inner_text() == "val/acc: place 1 of 2 in train."
    assert arranged.board() is None
    page.keyboard.press("Escape")
    assert sections(page) == USUAL
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert sections(page)["val"] == ["val/loss", "val/acc"]
    assert page.evaluate("document.activeElement.closest('[data-cell]').dataset.cell") == "val/acc"
    arranged.saved(
        lambda board: (
            [item["metrics"] for item in board["sections"][0]["items"]] == [["val/loss"], ["val/acc"]]
        )
    )
    page.keyboard.press("Control+z")
    assert sections(page) == USUAL
    arranged.saved(lambda board: not board.get("sections"))


def test_a_chart_is_dragged_with_a_finger(arranged: Arranged) -> None:
    page = arranged.open("?pane=charts", size="phone")
    grip = page.locator('[data-cell="val/acc"] .grip')
    grip.evaluate("grip => scrollBy(0, grip.getBoundingClientRect().top - 200)")
    start, end = grip.bounding_box(), page.locator('[data-cell="val/loss"]').bounding_box()
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        finger.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        )

    touch("touchStart", (start["x"] + 8, start["y"] + 8))
    for by in (0.2, 0.6, 1.0):
        touch("touchMove", (start["x"] + 100 * by, start["y"] + (end["y"] + 200 - start["y"]) * by))
    touch("touchEnd")
    until(lambda: sections(page)["val"] == ["val/loss", "val/acc"])
    arranged.saved(lambda board: board["sections"][0]["prefix"] == "val/")


def test_a_chart_is_resized_by_mouse_and_keys(arranged: Arranged) -> None:
    page = arranged.open()
    cell = page.locator('[data-cell="val/acc"]')
    before = cell.bounding_box()
    cell.hover()
    corner = cell.locator(".corner").bounding_box()
    page.mouse.move(corner["x"] + 12, corner["y"] + 12)
    page.mouse.down()
    page.mouse.move(corner["x"] + before["width"], corner["y"] + 240, steps=4)
    page.mouse.up()
    arranged.saved(lambda board: board["sections"][0]["items"] == [{"metrics": ["val/acc"], "size": [8, 2]}])
    after = cell.bounding_box()
    assert after["width"] > 1.8 * before["width"] and after["height"] > 1.8 * before["height"]
    cell.locator(".corner").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert page.locator("#board-said").inner_text() == "1 of 3 wide, 1 of 3 high."
    arranged.saved(lambda board: board["sections"][0]["items"][0]["size"] == [4, 1])
    assert cell.bounding_box()["width"] == before["width"]


def test_texts_in_markdown_are_added_edited_and_removed(arranged: Arranged) -> None:
    page = arranged.open()
    page.locator("#add-menu").click()
    page.get_by_role("menuitem", name="Text…").click()
    page.get_by_label("Markdown").fill("# Plan\n\n<b>no</b> [docs](https://example.org)")
    page.locator(".preview").get_by_role("heading", name="Plan").wait_for()
    page.get_by_role("button", name="Save").click()
    text = page.locator(".text-cell")
    text.get_by_role("heading", name="Plan").wait_for()
    assert text.get_by_role("link", name="docs").get_attribute("rel") == "noopener noreferrer nofollow"
    assert "<b>no</b>" in text.inner_text() and text.locator("b").count() == 0
    arranged.saved(lambda board: "markdown" in board["sections"][0]["items"][0])
    text.locator(".more").click()
    page.get_by_role("menuitem", name="Edit text").click()
    page.get_by_label("Markdown").fill("*Done.*")
    page.get_by_role("button", name="Save").click()
    arranged.saved(lambda board: board["sections"][0]["items"] == [{"markdown": "*Done.*"}])
    page.reload()
    text.locator("em").wait_for()
    text.locator(".more").click()
    page.get_by_role("menuitem", name="Remove text").click()
    arranged.saved(lambda board: board["sections"][0]["items"] == [])


def test_a_chart_of_several_metrics_and_one_of_an_expression_are_added(arranged: Arranged) -> None:
    page = arranged.open()
    for fill in ("metrics", "expression"):
        page.locator("#add-menu").click()
        page.get_by_role("menuitem", name="Chart…").click()
        if fill == "metrics":
            page.get_by_role("checkbox", name="train/loss").check()
            page.get_by_role("checkbox", name="val/loss").check()
        else:
            page.get_by_label("or a regular expression").fill("(")
            page.get_by_role("button", name="Add", exact=True).click()
            assert page.get_by_role("alert").get_by_text("This is not a regular expression.").is_visible()
            page.get_by_label("or a regular expression").fill("^val/")
        page.get_by_role("button", name="Add", exact=True).click()
    until(lambda: "val/loss, train/loss" in str(sections(page)) and ["^val/"] in sections(page).values())
    arranged.saved(lambda board: {"match": "^val/"} in [s.get("items", [None])[0] for s in board["sections"]])
    page.reload()
    page.locator('[data-cell="^val/"] .plot[aria-label*="val/loss: 19 points"]').wait_for()


@pytest.mark.journey
def test_axes_and_range_of_one_chart_are_set_and_kept_for_the_project(
    arranged: Arranged, screen: Screen
) -> None:
    page = arranged.open("?pane=charts", size=screen.size, theme=screen.theme)
    page.locator("#chart-tools [name=charts]").fill("/loss$/")
    until(lambda: sections(page) == {"val": ["val/loss"], "train": ["train/loss"]})
    label = "document.querySelector('[data-cell=\"val/loss\"] .plot')?.getAttribute('aria-label') ?? ''"
    until(lambda: "19 points" in page.evaluate(label))
    plot, menu = page.locator('[data-cell="val/loss"] .plot'), page.locator(".chart-menu")
    plot.focus()
    page.keyboard.press("m")
    menu.get_by_label("Minimum").fill("0.5")
    menu.get_by_label("Maximum").fill("1")
    menu.get_by_label("Maximum").press("Tab")
    menu.locator("select[name=x]").select_option("val/acc")
    until(lambda: "val/acc 0.05 to 0.95" in page.evaluate(label))
    item = {"metrics": ["val/loss"], "x": "val/acc", "y_range": [0.5, 1]}
    arranged.saved(
        lambda board: (
            item in [chart_item for part in board["sections"] for chart_item in part.get("items", [])]
        )
    )

    page.goto(f"{arranged.site.url}/?layout=charts&project={arranged.project}&full=val/loss")
    until(lambda: "val/acc 0.05 to 0.95" in page.evaluate(label))
    assert page.locator("figure:popover-open").get_attribute("data-cell") == "val/loss"
    plot.focus()
    page.keyboard.press("m")
    assert menu.get_by_label("Minimum").input_value() == "0.5"
    menu.get_by_role("button", name="Reset chart").click()
    until(lambda: "step 1 to 19" in page.evaluate(label))
    arranged.saved(lambda board: '"x"' not in json.dumps(board))


def test_sections_are_added_renamed_moved_and_removed(arranged: Arranged) -> None:
    page = arranged.open()
    page.locator("#add-menu").click()
    page.get_by_role("menuitem", name="Section…").click()
    page.get_by_label("or match the regular expression").fill("loss$")
    page.get_by_role("button", name="Add", exact=True).click()
    until(lambda: sections(page).get("loss$") == ["val/loss", "train/loss"])

    def section_menu(name: str, entry: str) -> None:
        page.locator("summary", has=page.get_by_text(name, exact=True)).hover()
        page.get_by_role("button", name=f"Menu of section {name}").click()
        page.locator("[role=menu]").get_by_text(entry, exact=True).click()

    section_menu("loss$", "Rename…")
    page.get_by_label("Name", exact=True).fill("Losses")
    page.get_by_role("button", name="Rename").click()
    section_menu("Losses", "Move section down")
    assert list(sections(page)) == ["val", "Losses", "metrics"]
    section_menu("Losses", "Remove section")
    assert sections(page) == USUAL


def test_folded_sections_are_remembered(arranged: Arranged) -> None:
    page = arranged.open()
    page.locator('[data-section="prefix:val/"] summary').click()
    arranged.saved(lambda board: board["sections"] == [{"prefix": "val/", "folded": True}])
    page.reload()
    page.locator("[data-cell]").first.wait_for(state="attached")
    assert not page.locator('[data-cell="val/acc"]').is_visible()
    page.get_by_role("button", name="Fold all").click()
    arranged.saved(lambda board: all(section["folded"] for section in board["sections"]))
    assert not page.locator('[data-cell="lr"]').is_visible()
    page.get_by_role("button", name="Open all").click()
    assert page.locator('[data-cell="lr"]').is_visible()
    page.locator("#section-index").get_by_role("link", name="metrics").click()
    assert page.evaluate("document.activeElement.closest('.group').dataset.section") == "prefix:"


def test_the_first_section_of_500_charts_is_open_and_the_index_jumps(
    open_page: Open, busy_site: Viewer
) -> None:
    metrics = [{f"group{n % 10}/m{n}": n * step for n in range(500)} for step in range(2)]
    run_id = write_run(busy_site.root, "boards many", "500", metrics=metrics)
    until(lambda: busy_site.get(f"/api/runs/{run_id}/metrics").json().get("total") == 2)
    page = open_page(f"/runs/{run_id}", size="wide")
    link = page.locator("#section-index").get_by_role("link", name="group7")
    assert link.inner_text().split() == ["group7", "50"]
    assert page.locator("figure[data-name]:visible").count() == 50
    page.locator("figure[data-name] canvas").first.wait_for()
    page.fill("input[name=charts]", "m499")
    assert page.locator("figure[data-name]:visible").count() == 1
    assert page.locator(".group:not([hidden]) .count").inner_text() == "1 of 50"
    page.fill("input[name=charts]", "")
    assert page.locator("figure[data-name]:visible").count() == 50
    link.click()
    until(lambda: page.locator("figure[data-name]:visible").count() == 100)
    head = page.locator('[data-section="prefix:group7/"] summary').bounding_box()
    bar = page.locator("#board-bar").bounding_box()
    assert 0 <= head["y"] - (bar["y"] + bar["height"]) < 24


def test_boards_are_created_switched_renamed_duplicated_reset_and_deleted(arranged: Arranged) -> None:
    page = arranged.open(refused={409})

    def board_menu(entry: str, name: str = "", button: str = "") -> None:
        page.locator("#board-menu").click()
        button_left, menu_left = (
            page.locator(selector).bounding_box()["x"] for selector in ("#board-menu", "[role=menu]")
        )
        assert abs(menu_left - button_left) < 1
        page.locator("[role=menu]").get_by_text(entry, exact=True).click()
        if name:
            page.get_by_label("Name", exact=True).fill(name)
        if button:
            page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()

    def shows(name: str) -> None:
        page.locator("#board-menu bdi", has_text=name).wait_for()

    board_menu("New board…", "Ablation", "Create")
    page.wait_for_url("**board=Ablation")
    choose(page, "lr", "Pin")
    board_menu("Rename…", "Ablations", "Rename")
    shows("Ablations")
    until(lambda: arranged.board("Ablation") == {"title": "Ablations", "pinned": ["lr"]})
    board_menu("Duplicate…", "Copy", "Create")
    page.wait_for_url("**board=Copy")
    shows("Copy")
    assert sections(page)["Pinned"] == ["lr"]
    board_menu("Reset to default", "", "Reset")
    until(lambda: sections(page) == USUAL)
    until(lambda: arranged.board("Copy") == {"title": "Copy"})
    board_menu("Ablation")
    shows("Ablations")
    assert sections(page)["Pinned"] == ["lr"]
    board_menu("Delete…", "", "Delete")
    shows("Default")
    assert not arranged.file("Ablation").exists() and arranged.file("Copy").exists()
    board_menu("New board…", "Copy", "Create")
    page.locator("#board-notice", has_text="There is already a board “Copy”.").wait_for()


def test_a_change_made_elsewhere_is_shown_and_not_overwritten(arranged: Arranged) -> None:
    page = arranged.open(refused={409, 412})
    choose(page, "lr", "Pin")
    arranged.saved(lambda board: board == {"pinned": ["lr"]})
    arranged.file().write_text('{"pinned": ["val/loss"]}')
    choose(page, "train/loss", "Hide")
    page.locator("#board-notice", has_text="The board was changed elsewhere.").wait_for()
    assert sections(page)["Pinned"] == ["val/loss"]
    assert arranged.board() == {"pinned": ["val/loss"]}
    choose(page, "train/loss", "Hide")
    arranged.saved(lambda board: board == {"pinned": ["val/loss"], "hidden": ["train/loss"]})


def test_a_board_that_cannot_be_saved_says_why(arranged: Arranged) -> None:
    page = arranged.open(refused={403})
    problem = {"title": "Forbidden", "status": 403, "detail": "The store is read-only."}
    page.route(
        "**/boards/default",
        lambda route: route.fulfill(
            status=403, content_type="application/problem+json", body=json.dumps(problem)
        ),
    )
    choose(page, "lr", "Pin")
    page.locator("#board-notice", has_text="The board was not saved: The store is read-only.").wait_for()
    assert sections(page)["Pinned"] == ["lr"]
    page.unroute("**/boards/default")
    choose(page, "lr", "Unpin")
    choose(page, "lr", "Pin")
    arranged.saved(lambda board: board == {"pinned": ["lr"]})
    until(lambda: not page.locator("#board-notice").is_visible())


@pytest.mark.parametrize(
    "content", ['{"sections": [', '{"pinned": "<script>alert(1)</script>"}', "[" * 100_000]
)
def test_a_broken_board_shows_one_sentence_and_the_default(arranged: Arranged, content: str) -> None:
    arranged.file().parent.mkdir(parents=True)
    arranged.file().write_text(content)
    page = arranged.open()
    notice = page.locator("#board-notice")
    assert notice.inner_text().startswith("The board “default” cannot be used: ")
    assert sections(page) == USUAL
    choose(page, "lr", "Pin")
    assert sections(page)["Pinned"] == ["lr"]
    assert arranged.file().read_text() == content
    page.locator("#board-menu").click()
    page.get_by_role("menuitem", name="Reset to default").click()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    until(lambda: arranged.file().read_text() == "{}")
    assert not notice.is_visible()


def test_a_single_filtered_chart_takes_the_room(arranged: Arranged) -> None:
    page = arranged.open()
    before = page.locator('[data-cell="val/acc"]').bounding_box()
    page.fill("input[name=charts]", "/acc$/")
    assert sections(page) == {"val": ["val/acc"]}
    after = page.locator('[data-cell="val/acc"]').bounding_box()
    assert after["width"] > 1.8 * before["width"] and after["height"] > 1.5 * before["height"]
    page.fill("input[name=charts]", "")
    assert page.locator('[data-cell="val/acc"]').bounding_box() == before


def test_charts_of_several_runs_are_arranged_too(arranged: Arranged) -> None:
    page = arranged.open_page(f"/?layout=charts&runs={arranged.run_id}", size="wide")
    choose(page, "lr", "Pin")
    arranged.saved(lambda board: board == {"pinned": ["lr"]})
    page.reload()
    page.locator("[data-cell]").first.wait_for(state="attached")
    assert sections(page)["Pinned"] == ["lr"]


def test_a_zoom_is_reset_on_a_phone(arranged: Arranged) -> None:
    page = arranged.open("?pane=charts&range=2..6", size="phone")
    page.get_by_title("Reset zoom").click()
    page.wait_for_url(lambda url: "range=" not in url)


def test_boards_have_no_violation_of_accessibility(arranged: Arranged) -> None:
    board = {
        "pinned": ["lr"],
        "sections": [
            {"title": "Mine", "items": [{"markdown": "# A\n\n- [b](https://c.d)"}]},
            {"title": "Free"},
        ],
    }
    arranged.file().parent.mkdir(parents=True)
    arranged.file().write_text(json.dumps(board))
    page = arranged.open(bypass_csp=True)
    page.locator('[data-cell="lr"] canvas').wait_for()
    assert violations(page) == {}
    page.locator('[data-cell="lr"]').hover()
    page.locator('[data-cell="lr"] .more').click()
    assert violations(page) == {}
    page.keyboard.press("Escape")
    page.locator("#add-menu").click()
    page.get_by_role("menuitem", name="Chart…").click()
    assert violations(page) == {}
