"""Five hundred metrics, and media whose keys are HTML, right-to-left or very long, in the real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runicorn.media.histograms import histogram
from runicorn.media.tables import encode, table
from tests.folders import write_run
from tests.pages.conftest import PIXEL, log_medium
from tests.processes import Viewer
from tests.screens import SIZES, fits_the_screen
from tests.waiting import until

Open = Callable[..., Any]
KEYS = ["<b>\"'&", "مشروع", "k" * 200, "a/b?c#d"]
MANY = 500
DRAWN = (
    "[...document.querySelectorAll('figure[data-name] canvas')].filter((canvas) => canvas.width > 0).length"
)


def test_only_visible_charts_of_500_are_drawn(open_page: Open, busy_site: Viewer) -> None:
    metrics = [{f"group{n % 20}/m{n}": n * step for n in range(MANY)} for step in range(3)]
    run_id = write_run(busy_site.root, "much", "500", metrics=metrics)
    until(lambda: busy_site.get(f"/api/runs/{run_id}/metrics").json()["total"] == 3)
    page = open_page(f"/runs/{run_id}")
    until(lambda: page.evaluate(DRAWN) > 0)
    assert page.locator("figure[data-name]").count() == MANY
    assert page.evaluate(DRAWN) < MANY / 5
    page.fill("input[name=charts]", "m499")
    assert page.locator("figure[data-name]:visible").count() == 1
    until(lambda: page.locator("figure[data-name]:visible canvas").count() > 0)


def test_media_with_unusual_keys_are_shown_by_key(open_page: Open, busy_site: Viewer) -> None:
    run_id = write_run(busy_site.root, "much", "odd media")
    folder = busy_site.root / "much" / "odd media" / "runs" / run_id
    for number, key in enumerate(KEYS):
        log_medium(folder, f"i{number} #?.png", PIXEL, key, 1, "<i>caption</i> " + "c" * 300)
        log_medium(folder, f"t{number}.table.json", encode(table([[key, "z" * 500]], [key, "<b>"])), key, 1)
        log_medium(folder, f"h{number}.histogram.json", encode(histogram([1e-300, 1e300, 3])), key, 1)
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page(f"/runs/{run_id}?pane=images")
    for kind, selector in (("images", "img"), ("tables", "table"), ("histograms", "canvas:first-child")):
        page.get_by_role("tab", name=kind.capitalize()).click()
        figures = page.locator(f"#{kind} figure.steps")
        until(lambda figures=figures: figures.locator("h3").all_text_contents() == KEYS)
        figures.last.scroll_into_view_if_needed()
        until(lambda figures=figures, selector=selector: figures.last.locator(selector).count() == 1)
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            until(lambda: fits_the_screen(page))
        page.set_viewport_size({"width": 1440, "height": 900})
    assert page.locator("figure b, figure i").count() == 0
