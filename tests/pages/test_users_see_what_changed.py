"""What changed in a run, in the real browser: the card, the table, the difference, sources, the nearest runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runicorn.store.project import analysis
from tests.pages.test_accessibility_of_pages import violations
from tests.processes import Viewer
from tests.server.metrics.test_differences_over_http import write_run_with_sources
from tests.waiting import until

pytestmark = pytest.mark.journey


@pytest.fixture
def runs(folder: Path) -> list[str]:
    """A baseline, a replica, and a run with another learning rate and code."""
    ids = [
        write_run_with_sources(folder, 1, {"lr": 0.1, "seed": 1}),
        write_run_with_sources(folder, 2, {"lr": 0.1, "seed": 2}),
        write_run_with_sources(folder, 3, {"lr": 0.9, "seed": 1}, "def step(x):\n    return 'two'\n"),
    ]
    analysis.update(folder, "p", lambda content: content.update(baseline=[ids[0]]))
    return ids


def test_the_card_leads_to_the_difference_and_the_sources(
    runs: list[str], viewer: Viewer, browser: Any
) -> None:
    params = {"where": "metric.same.last exists"}
    until(lambda: viewer.get("/api/v2/experiments", params=params).json()["total"] == 3)
    browser.goto(f"{viewer.url}/runs/{runs[2]}")
    card = browser.locator(".changed-card")
    card.wait_for()
    assert "Config: lr 0.1 → 0.9" in card.inner_text()
    assert card.locator(".effects li").count() == 2
    assert " → " in card.locator(".effects li").first.inner_text()
    card.get_by_role("button", name="Baseline").click()
    until(lambda: card.locator(f"a[href*='{runs[0]}']").count() == 2)
    assert card.get_by_role("button", name="Baseline").get_attribute("aria-pressed") == "true"
    card.locator("summary").click()
    assert f"runicorn rerun {runs[2]} --check" in card.locator("pre").inner_text()
    card.get_by_role("link", name="Show the difference").click()
    browser.locator("#section-config").wait_for()
    assert f"/compare/differ?a={runs[0]}&b={runs[2]}" in browser.url
    assert browser.locator(".diff .added .word").first.inner_text() == "def"
    assert browser.locator("#section-packages").count() == 0
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    browser.get_by_role("link", name="Swap").click()
    until(lambda: f"a={runs[2]}&b={runs[0]}" in browser.url)
    browser.goto(f"{viewer.url}/runs/{runs[2]}/sources")
    browser.locator("#file-filter").fill("nothing")
    until(lambda: not browser.locator(".tree [data-path]").is_visible())
    browser.locator("#file-filter").fill("train")
    browser.get_by_role("link", name="train.py").click()
    until(lambda: browser.locator(".code .word").first.inner_text() == "def")
    with browser.expect_download() as download:
        browser.get_by_role("link", name="Download all (zip)").click()
    assert download.value.suggested_filename == f"{runs[2]}-sources.zip"


@pytest.mark.journey("wide")
def test_the_table_shows_what_changed_while_the_pointer_rests(
    runs: list[str], viewer: Viewer, browser: Any
) -> None:
    browser.goto(viewer.url)
    browser.locator(f"#run-{runs[2]} a.name").hover()
    box = browser.locator(".changed-hover")
    box.wait_for()
    assert "Config: lr 0.1 → 0.9" in box.inner_text()
    browser.keyboard.press("Escape")
    until(lambda: not box.is_visible())


@pytest.mark.parametrize(
    "path", ["runs/{2}", "compare/differ?a={0}&b={2}", "runs/{2}/sources?path=train.py", "runs/{2}/nearest"]
)
def test_pages_of_differences_are_accessible(
    path: str, runs: list[str], viewer: Viewer, chromium: Any
) -> None:
    from tests.browser import careful_page

    with careful_page(chromium, bypass_csp=True) as page:
        page.goto(f"{viewer.url}/{path.format(*runs)}")
        if path.startswith("runs/{2}") and path.endswith("}"):
            page.locator(".changed-card").wait_for()
        assert violations(page) == {}
