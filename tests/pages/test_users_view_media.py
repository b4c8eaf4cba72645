"""Images by step with a slider, tables and histograms on the run page, in the real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.folders import write_run
from tests.pages.conftest import CHARTED, PIXEL, log_medium
from tests.pages.test_accessibility_of_pages import violations
from tests.processes import Viewer
from tests.waiting import until

pytestmark = pytest.mark.journey
Open = Callable[..., Any]
RUN = f"/runs/{CHARTED}"


def test_images_are_selected_with_keys(open_page: Open) -> None:
    page = open_page(f"{RUN}?pane=images")
    image = page.locator("#images img")
    until(lambda: image.count() == 1)
    assert image.get_attribute("alt") == "samples, step 20, after <b>20</b> steps"
    assert page.locator("#images .steps output").text_content() == "step 20 · 3 of 3"
    page.get_by_label("Step of samples").focus()
    page.keyboard.press("ArrowLeft")
    until(lambda: "step 10" in image.get_attribute("alt"))
    assert page.locator("#images .body p span").text_content() == "after <b>10</b> steps"


def test_an_image_appears_while_the_page_is_open(open_page: Open, busy_site: Viewer) -> None:
    run_id = write_run(busy_site.root, "live", "images", status="finished", metrics=[{"loss": 1.0}])
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page(f"/runs/{run_id}")
    tab = page.get_by_role("tab", name="Images")
    until(lambda: page.evaluate("!document.querySelector('#step').dataset.value.startsWith('-')"))
    assert not tab.is_visible()
    folder = busy_site.root / "live" / "images" / "runs" / run_id
    until(lambda: _logged(folder, tab), pause=0.5)
    tab.click()
    until(lambda: page.locator("#images img").count() == 1)


def _logged(folder: Any, tab: Any) -> bool:
    """Log another image, as a training does, until the page shows that there are some."""
    number = len(list((folder / "media").iterdir()))
    log_medium(folder, f"{number}.png", PIXEL, "live", number)
    return bool(tab.is_visible())


def test_a_table_is_sorted_and_paged_in_place(open_page: Open) -> None:
    page = open_page(f"{RUN}?pane=tables")
    rows = page.locator("#tables tbody tr")
    until(lambda: rows.count() == 50)
    page.locator("#tables").get_by_role("link", name="n", exact=True).click()
    page.locator("#tables th[aria-sort=ascending]").wait_for()
    page.locator("#tables").get_by_role("link", name="n", exact=True).click()
    until(lambda: rows.first.locator("td").first.text_content().strip() == "59")
    page.get_by_label("Step of rows").focus()
    page.keyboard.press("Home")
    until(lambda: rows.first.text_content().strip().endswith("row 59 of step 0"))
    page.locator("#tables").get_by_role("link", name="Next").click()
    until(lambda: rows.count() == 10)
    assert page.url.endswith("?pane=tables")
    with page.expect_download() as download:
        page.locator("#tables").get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "t0.csv"


def test_histograms_are_drawn_over_steps(open_page: Open) -> None:
    page = open_page(f"{RUN}?pane=histograms", theme="dark")
    words = page.locator("#histograms .body p")
    until(lambda: words.count() == 1)
    assert words.text_content() == "100 values from 20 to 29.9, mean 24.95"
    page.get_by_label("Step of weights").focus()
    page.keyboard.press("Home")
    assert words.text_content().startswith("100 values from 0 to 9.9")
    painted = "(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value)"
    assert all(page.locator("#histograms canvas").nth(n).evaluate(painted) for n in range(2))


def test_the_parts_of_a_histogram_add_up(open_page: Open) -> None:
    page = open_page(f"{RUN}?pane=images")
    results = page.evaluate("""async () => {
        const { spread, bounds } = await import("/static/js/run/histogram_charts.js");
        const even = spread({ edges: [0, 1, 2, 3], counts: [5, 5, 5] }, 0, 3, 7);
        const left = spread({ edges: [0, 1], counts: [5] }, 0, 4, 4);
        return [[...even].every((part) => Math.abs(part - 1) < 1e-9), [...left], bounds([{ edges: [] }]), bounds([{ edges: [2, 2] }])];
    }""")
    assert results == [True, [1, 0, 0, 0], [0, 1], [1.5, 2.5]]


def test_an_unreachable_viewer_is_reported(open_page: Open) -> None:
    page = open_page("/")
    page.route("**/media?*", lambda route: route.fulfill(body="broken"))
    page.goto(page.url.rstrip("/") + f"{RUN}?pane=images")
    failure = page.locator("#images .failure")
    until(lambda: failure.is_visible())
    page.unroute("**/media?*")
    failure.get_by_role("button", name="Try again").click()
    until(lambda: page.locator("#images img").count() == 1)
    assert failure.is_hidden()


def test_a_click_on_an_image_enlarges_it_and_leaves_no_page(open_page: Open) -> None:
    page = open_page(f"{RUN}?pane=images", bypass_csp=True)
    address = page.url
    page.locator("#images img").click()
    dialog = page.get_by_role("dialog", name="samples")
    dialog.wait_for()
    assert (page.url, dialog.get_by_role("status").text_content()) == (address, "step 20 · 3 of 3")
    page.keyboard.press("ArrowLeft")
    assert dialog.get_by_role("status").text_content() == "step 10 · 2 of 3"
    dialog.get_by_role("button", name="Zoom in").click()
    assert "scale(1.5)" in dialog.locator("img").get_attribute("style")
    page.keyboard.press("0")
    assert "scale(1)" in dialog.locator("img").get_attribute("style")
    dialog.get_by_role("button", name="Earlier").click()
    assert dialog.get_by_role("button", name="Earlier").is_disabled()
    assert not violations(page)
    page.keyboard.press("Escape")
    until(lambda: page.locator("#images .steps output").text_content() == "step 0 · 1 of 3")


def test_one_slider_moves_all_media_to_a_step(open_page: Open) -> None:
    page = open_page(f"{RUN}?pane=images")
    until(lambda: page.locator("#images img").count() == 1)
    page.locator("#images").get_by_label("Step of all media").focus()
    page.keyboard.press("Home")
    until(lambda: "step 0" in page.locator("#images .steps img").get_attribute("alt"))
    page.get_by_role("tab", name="Tables").click()
    assert page.locator("#tables .steps output").text_content().startswith("step 0 ·")


def test_the_size_of_images_is_remembered(open_page: Open) -> None:
    page = open_page(f"{RUN}?pane=images")
    until(lambda: page.locator("#images img").count() == 1)  # the script of the pane has run
    page.get_by_label("Size of images").focus()
    page.keyboard.press("Home")
    page.reload()
    until(lambda: page.get_by_label("Size of images").input_value() == "96")
    until(lambda: page.locator("#images .steps img").bounding_box()["width"] == 96)
