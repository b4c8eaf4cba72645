"""The grid of media over runs and steps in the real browser: few clicks, by mouse, touch and keyboard."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from runicorn.media.histograms import histogram
from runicorn.media.tables import encode, table
from tests.folders import write_run
from tests.pages.conftest import PIXEL, log_medium
from tests.pages.test_accessibility_of_pages import violations
from tests.processes import Viewer
from tests.waiting import until

pytestmark = pytest.mark.journey
Open = Callable[..., Any]
RUNS, STEPS = 10, 60
CELLS = ".media-grid td .cell"
COLUMNS = 50


@pytest.fixture(scope="module")
def address(busy_site: Viewer) -> str:
    """The list of ten runs, each with images at many steps and other media at two."""
    ids = [write_run(busy_site.root, "grid", f"gan-{n}", metrics=[{"loss": 1.0}]) for n in range(RUNS)]
    for n, run_id in enumerate(ids):
        folder = busy_site.root / "grid" / f"gan-{n}" / "runs" / run_id
        for step in range(STEPS):
            log_medium(folder, f"i{step}.png", PIXEL, "samples", step * 10, f"run {n} at {step * 10}")
        strip = io.BytesIO()
        Image.new("L", (80, 10)).save(strip, "png")
        log_medium(folder, "strip.png", strip.getvalue(), "strips", 0)
        for step in (0, 10):
            page = f"<!doctype html><p>Report of {n} at {step}</p>".encode()
            log_medium(folder, f"r{step}.html", page, "report", step)
            log_medium(folder, f"t{step}.table.json", encode(table([[n, step]], ["n", "step"])), "rows", step)
            log_medium(folder, f"h{step}.histogram.json", encode(histogram([n, step])), "weights", step)
    until(lambda: busy_site.get("/api/runs?project=grid&limit=1").headers["X-Total-Count"] == str(RUNS))
    return "/?layout=charts&project=grid"


def test_images_over_steps_and_runs_are_one_click_away(open_page: Open, address: str) -> None:
    page = open_page(address, bypass_csp=True)
    page.get_by_role("link", name="Media").click()
    until(lambda: page.locator(CELLS).count() == RUNS * COLUMNS)
    until(lambda: page.locator(f"{CELLS} img:visible").count() > 0)
    assert violations(page) == {}


def test_images_out_of_sight_are_not_in_the_page(open_page: Open, address: str) -> None:
    page = open_page("/")
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url) if "/media/i" in request.url else None)
    page.goto(page.url.rstrip("/") + f"{address}&tab=media")
    images = page.locator(f"{CELLS} img")
    until(lambda: images.count() > 0)
    scroller = page.locator(".media-grid")
    scroller.evaluate("(grid) => { grid.scrollLeft = grid.scrollWidth; }")
    until(lambda: page.locator("tbody tr:first-child td:last-child img").count() == 1)
    until(lambda: page.locator("tbody tr:first-child td:nth-child(2) img").count() == 0)
    assert images.count() < RUNS * COLUMNS / 4
    assert len(urls) < RUNS * COLUMNS / 2


def test_flat_images_have_flat_cells(open_page: Open, address: str) -> None:
    page = open_page(f"{address}&tab=media&media=strips")
    height = f"() => document.querySelector('{CELLS}')?.clientHeight ?? 0"
    until(lambda: 20 < page.evaluate(height) < 40)
    until(lambda: page.locator(f"{CELLS} img:visible").count() > 3)
    page.locator("select[name=media]").select_option("samples")
    until(lambda: page.evaluate(height) > 100)


def test_a_column_of_many_steps_is_opened_and_the_address_has_it(open_page: Open, address: str) -> None:
    page = open_page(f"{address}&tab=media")
    page.locator(".media-grid thead button").first.click()
    heads = page.locator(".media-grid thead th")
    until(lambda: 2 < heads.count() < COLUMNS)
    titles = heads.all_text_contents()
    assert "steps" in parse_qs(urlsplit(page.url).query)
    page.reload()
    until(lambda: heads.all_text_contents() == titles)
    page.get_by_role("button", name="Show all steps").click()
    until(lambda: heads.count() == COLUMNS + 1)
    page.go_back()
    until(lambda: heads.all_text_contents() == titles)


def test_another_key_is_chosen_and_the_address_has_it(open_page: Open, address: str) -> None:
    page = open_page(f"{address}&tab=media", bypass_csp=True)
    key = page.locator("select[name=media]")
    key.locator("option").first.wait_for(state="attached")
    groups = page.locator(".group-tools optgroup")
    assert groups.evaluate_all("(groups) => groups.map((group) => group.label)") == [
        "Images",
        "HTML",
        "Tables",
        "Histograms",
    ]
    key.select_option("report")
    first = page.locator(CELLS).first
    first.locator("iframe").wait_for()
    assert first.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    page.frame_locator(f"{CELLS} iframe >> nth=0").get_by_text("Report of 9 at 0").wait_for()
    assert violations(page) == {}
    key.select_option("weights")
    first.locator("canvas").wait_for()
    key.select_option("rows")
    first.locator("table").wait_for()
    page.reload()
    first.locator("table").wait_for()
    assert key.input_value() == "rows"


def test_cells_are_enlarged_and_walked_by_keys(open_page: Open, address: str) -> None:
    page = open_page(f"{address}&tab=media", bypass_csp=True)
    page.locator(f"{CELLS} img:visible").first.wait_for()
    page.locator(f"{CELLS} button").first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    dialog = page.get_by_role("dialog")
    assert dialog.locator(".caption").text_content().startswith("run 8 at ")
    step = int(dialog.locator(".caption").text_content().split()[-1])
    page.keyboard.press("ArrowRight")
    assert int(dialog.locator(".caption").text_content().split()[-1]) > step
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")  # another run at the same step
    assert dialog.locator(".caption").text_content() == f"run 7 at {step}"
    assert violations(page) == {}
    page.keyboard.press("Escape")
    until(lambda: (page.evaluate("document.activeElement.ariaLabel") or "").endswith(f"run 7 at {step}"))


def test_a_hidden_run_leaves_the_grid(open_page: Open, address: str) -> None:
    page = open_page(f"{address}&tab=media", size="wide")
    rows = page.locator(".media-grid tbody tr")
    until(lambda: rows.count() == RUNS)
    page.locator(".listed tbody .eye").first.click()
    until(lambda: rows.count() == RUNS - 1)


def test_media_appear_while_the_page_is_open(open_page: Open, busy_site: Viewer) -> None:
    project = f"growing-{len(list(busy_site.root.glob('growing-*')))}"  # one for each screen of the long form
    run_id = write_run(busy_site.root, project, "media", status="running", metrics=[{"loss": 1.0}])
    folder = busy_site.root / project / "media" / "runs" / run_id
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page(f"/?layout=charts&project={project}&tab=media")
    page.get_by_text("The visible runs have no media.").wait_for()
    log_medium(folder, "a.png", PIXEL, "live", 1)
    page.locator(CELLS).wait_for()
