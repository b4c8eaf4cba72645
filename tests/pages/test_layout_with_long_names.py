"""Layout of pages with long names, with two charts, and while the rows of a table arrive."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.folders import write_run
from tests.processes import Viewer
from tests.screens import Screen, fits_the_screen, open_run_details
from tests.waiting import until

pytestmark = pytest.mark.journey
LONG = "transformer_base_lr3e-4_warmup2000_dropout0.1_seed42_data-mix-v7-warmup-of-the-first-stage"
ENDS_WITHIN_ITS_SECTION = """(shown) => {
    const [box, section] = [shown, shown.closest("section")].map((one) => one.getBoundingClientRect());
    return box.right <= section.right;
}"""
LINES = "(element) => new Set([...element.getClientRects()].map((line) => Math.round(line.top))).size"


def test_the_pencil_stands_beside_a_long_name_of_a_run(viewer: Viewer, browser: Any, folder: Path) -> None:
    run_id = write_run(folder, "p", LONG)
    browser.goto(f"{viewer.url}/runs/{run_id}")
    open_run_details(browser)
    name = browser.locator("#header h1").bounding_box()
    pencil = browser.locator('#header [data-edit="name"]').bounding_box()
    assert name["y"] < pencil["y"] + pencil["height"] / 2 < name["y"] + name["height"]


def test_the_search_shows_the_ends_of_long_names(viewer: Viewer, browser: Any, folder: Path) -> None:
    for seed in range(2):
        write_run(folder, "p" * 90, f"{LONG}-seed-{seed}")
    browser.goto(viewer.url)
    browser.locator("a.name").first.wait_for()
    browser.keyboard.press("Control+k")
    browser.get_by_role("combobox", name="Search runs, projects").fill("transformer")
    ends = browser.locator("#places .end")
    until(lambda: sorted(text[-6:] for text in ends.all_inner_texts()) == ["seed-0", "seed-1"])
    places = browser.locator("#places").bounding_box()
    for end in ends.all():
        box = end.bounding_box()
        assert box["width"] > 20 and box["x"] + box["width"] < places["x"] + places["width"]


def test_a_name_without_places_to_break_stays_within_its_card(
    viewer: Viewer, browser: Any, folder: Path
) -> None:
    name, now = "x" * 167, time.time()
    write_run(folder, "p", name, metrics=[{"y" * 167: 9.0}], status="failed", created_at=now - 60)
    run_id = write_run(folder, "p", "next", created_at=now)
    until(lambda: viewer.get("/api/v2/experiments").json()["total"] == 2)
    browser.goto(f"{viewer.url}/alerts/rules/new?template=failed")
    browser.get_by_role("button", name="Preview on past runs").click()
    for link in (browser.get_by_role("link", name=name), browser.locator(".changed-card .against a")):
        link.wait_for()
        assert link.evaluate(ENDS_WITHIN_ITS_SECTION)
        until(lambda: fits_the_screen(browser))
        browser.goto(f"{viewer.url}/runs/{run_id}")


@pytest.mark.journey("wide")
def test_a_long_name_with_tags_pushes_no_value_out_of_the_window(
    viewer: Viewer, browser: Any, folder: Path
) -> None:
    metrics = [{"validation/accuracy": step / 60, "x" * 60: 1.0} for step in range(60)]
    tags = ["a-tag-of-a-sweep", "seeds", "third", "fourth"]
    write_run(folder, "p", LONG, metrics=metrics, config={"lr": 1e-3, "seed": 1}, tags=tags)
    write_run(folder, "q" * 90, "short", metrics=metrics)
    browser.goto(viewer.url)
    browser.locator("table.runs .c-name .tag").first.wait_for()
    created = browser.locator("table.runs thead th.c-created").bounding_box()
    assert created["x"] + created["width"] <= 1440


@pytest.mark.journey("wide")
def test_a_long_chosen_project_ends_before_the_arrow_of_its_select(
    viewer: Viewer, browser: Any, folder: Path
) -> None:
    project = "preference-optimization-with-many-ablations-" * 2
    run_id = write_run(folder, project, "short")
    assert viewer.get(f"/api/runs/{run_id}").status_code == 200
    browser.goto(f"{viewer.url}/?project={project}")
    chosen = browser.locator('select[name="project"] selectedcontent')
    until(lambda: chosen.evaluate("(text) => text.scrollWidth > text.clientWidth"))
    assert chosen.evaluate("(text) => getComputedStyle(text).textOverflow") == "ellipsis"
    select, text = (
        browser.locator(at).bounding_box() for at in ('select[name="project"]', "selectedcontent >> nth=0")
    )
    assert text["x"] + text["width"] + 16 <= select["x"] + select["width"]


@pytest.mark.journey("wide")
def test_the_select_shows_a_project_before_it_has_runs(viewer: Viewer, browser: Any) -> None:
    browser.goto(f"{viewer.url}/?project=not-yet")
    assert browser.locator('select[name="project"]').input_value() == "not-yet"


@pytest.mark.journey("wide")
def test_a_short_name_in_the_recycle_bin_takes_one_line(viewer: Viewer, browser: Any, folder: Path) -> None:
    run_id = write_run(folder, "p", "discard-59")
    assert viewer.get(f"/api/runs/{run_id}").status_code == 200
    viewer.post("/api/runs/soft-delete", json={"run_ids": [run_id]})
    browser.goto(f"{viewer.url}/recycle-bin")
    assert browser.locator("b.name bdi").evaluate(LINES) == 1
    head, row = (browser.locator(f"table.bin {part} tr").bounding_box() for part in ("thead", "tbody"))
    assert head["width"] == row["width"]


@pytest.mark.journey("wide")
def test_two_charts_of_a_run_are_in_sight_together(viewer: Viewer, browser: Any, folder: Path) -> None:
    metrics = [{"loss": 1 / (step + 1), "val/acc": step / 60} for step in range(60)]
    run_id = write_run(folder, "p", "short", metrics=metrics)
    browser.goto(f"{viewer.url}/runs/{run_id}")
    plots = browser.locator("figure[data-name] .plot")
    until(lambda: plots.count() == 2)
    ends = [box["y"] + box["height"] for box in (plot.bounding_box() for plot in plots.all())]
    assert max(ends) <= 900


def test_the_button_that_compares_has_its_word(
    viewer: Viewer, browser: Any, folder: Path, screen: Screen
) -> None:
    for number in range(2):
        write_run(folder, "p", f"run-{number}")
    browser.goto(viewer.url)
    browser.locator("input.pick").nth(1).check()
    browser.locator("input.pick").first.check()
    word = browser.locator("#compare span")
    until(lambda: word.is_visible() and word.bounding_box()["width"] > 20)


SHIFTS = """window.shifts = []; new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.shifts.push(value);
}).observe({ type: "layout-shift", buffered: true })"""


@pytest.mark.journey("wide")
def test_columns_stand_still_while_rows_arrive(viewer: Viewer, browser: Any, folder: Path) -> None:
    for number in range(50):
        write_run(folder, "p", LONG[: 4 + number], config={"lr": 10.0**-number, "seed": number})
    until(lambda: viewer.get("/api/v2/experiments").json()["total"] == 50)
    browser.add_init_script(SHIFTS)
    slow = browser.context.new_cdp_session(browser)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    browser.goto(viewer.url)
    browser.locator("table.runs").wait_for()
    browser.wait_for_load_state("networkidle")
    assert browser.locator("table.runs tbody tr").count() == 50
    assert sum(browser.evaluate("window.shifts")) < 0.05


CELLS = """() => [...document.querySelectorAll("table.runs tr")].map(
    (row) => row.querySelectorAll("td, th:not(.rest)").length)"""


@pytest.mark.journey("wide")
def test_cells_stand_below_their_heads_when_columns_arrive_on_an_open_page(
    viewer: Viewer, browser: Any, folder: Path
) -> None:
    write_run(folder, "p", "first", config={"lr": 0.1, "seed": 1})
    browser.goto(viewer.url)
    browser.locator("table.runs").get_by_text("first").wait_for()
    assert browser.locator("th[data-key='config.lr']").count() == 0
    for number in range(2):
        write_run(folder, "p", f"later-{number}", config={"lr": 10.0**-number, "seed": number})
    browser.locator("th[data-key='config.lr']").wait_for(state="attached")
    assert len(set(browser.evaluate(CELLS))) == 1
    assert browser.locator("th[data-key='config.lr'] .handle").count() == 1


@pytest.mark.journey("wide")
def test_a_comparison_says_that_it_is_one_and_names_seeds_in_the_colours_of_their_curves(
    viewer: Viewer, browser: Any, folder: Path
) -> None:
    ids = [write_run(folder, "p", f"{LONG}-s{seed}", config={"seed": seed}) for seed in range(3)]
    until(lambda: viewer.get("/api/v2/experiments").json()["total"] == 3)
    browser.goto(f"{viewer.url}/?layout=charts&tab=config&runs={','.join(ids)}")
    assert browser.locator(".crumbs [aria-current]").inner_text() == "Comparison of 3 runs"
    assert (
        browser.locator("select[name=sort]").evaluate("(order) => order.selectedOptions[0].text")
        == "As chosen"
    )
    heads = browser.locator("#config-table th[data-run]")
    assert [end[-2:] for end in heads.locator(".end").all_inner_texts()] == ["s0", "s1", "s2"]
    dots = heads.locator(".colour")
    until(
        lambda: (
            len({dot.evaluate("(dot) => getComputedStyle(dot).backgroundColor") for dot in dots.all()}) == 3
        )
    )
    listed = browser.locator(f'.listed tr[data-run="{ids[1]}"] .colour')
    assert listed.evaluate("(dot) => getComputedStyle(dot).backgroundColor") == dots.nth(1).evaluate(
        "(dot) => getComputedStyle(dot).backgroundColor"
    )
