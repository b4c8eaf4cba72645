"""A tour of five steps over the runs of the demo, from the table to the charts, once, and over no other runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runicorn.store.project import analysis
from tests.folders import write_run
from tests.pages.test_accessibility_of_pages import violations
from tests.processes import Viewer
from tests.waiting import until

Open = Callable[..., Any]


def baseline(site: Viewer) -> None:
    """Add a run of the demo, which is its baseline, with a metric."""
    run_id = write_run(
        site.root, "digits", "narrow-adam", tags=["demo", "adam"], metrics=[{"val/accuracy": 0.9}]
    )
    until(lambda: site.get(f"/api/runs/{run_id}").status_code == 200)
    analysis.update(site.root, "digits", lambda content: content.update({**content, "baseline": [run_id]}))


@pytest.mark.journey("wide")
def test_the_tour_has_five_steps_and_is_shown_once(open_page: Open, busy_site: Viewer) -> None:
    baseline(busy_site)
    page = open_page("/?project=digits", bypass_csp=True)
    tour = page.get_by_role("dialog", name="Tour")
    for step in range(1, 6):
        tour.get_by_text(f"{step} of 5").wait_for()
        if step == 1:
            assert violations(page) == {}
        name = {4: "Open the charts", 5: "Done"}.get(step, "Next")
        tour.get_by_role("button", name=name).click()
    tour.wait_for(state="detached")
    assert "layout=charts" in page.url
    page.goto(page.url.replace("&layout=charts", ""))
    page.reload()
    page.locator("#pick-all:not([hidden])").wait_for()
    assert tour.count() == 0


@pytest.mark.journey("wide")
def test_a_comparison_of_the_demo_has_no_tour(open_page: Open, busy_site: Viewer) -> None:
    run_id = write_run(busy_site.root, "digits", "wide-sgd", tags=["demo"])
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page(f"/?layout=charts&runs={run_id}")
    page.locator("#workspace").wait_for()
    assert page.locator("[data-tour]").count() == 0


@pytest.mark.journey("phone")
def test_the_tour_counts_the_steps_that_a_phone_shows(open_page: Open, busy_site: Viewer) -> None:
    run_id = write_run(busy_site.root, "digits", "flat-sgd", tags=["demo"])
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page("/?project=digits")
    tour = page.get_by_role("dialog", name="Tour")
    count = tour.locator(".faint").inner_text()
    total = int(count.removeprefix("1 of "))
    for step in range(1, total + 1):
        tour.get_by_text(f"{step} of {total}").wait_for()
        tour.locator("button.main").click()
    tour.wait_for(state="detached")


@pytest.mark.journey("wide")
def test_the_tour_can_be_skipped_and_is_not_shown_over_other_runs(open_page: Open, busy_site: Viewer) -> None:
    run_id = write_run(busy_site.root, "digits", "deep-sgd", tags=["demo"])
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page("/?project=nlp")
    page.locator("#pick-all:not([hidden])").wait_for()
    assert page.locator("[data-tour]").count() == 0
    page.goto(page.url.replace("nlp", "digits"))
    tour = page.get_by_role("dialog", name="Tour")
    tour.get_by_role("button", name="Skip the tour").click()
    tour.wait_for(state="detached")


@pytest.mark.journey("wide")
def test_the_tour_begins_on_a_page_that_was_open_before_the_demo(open_page: Open, busy_site: Viewer) -> None:
    page = open_page("/?project=digits&q=late-sgd")
    page.get_by_text("No runs match").wait_for()
    write_run(busy_site.root, "digits", "late-sgd", tags=["demo"])
    page.get_by_role("dialog", name="Tour").wait_for()
