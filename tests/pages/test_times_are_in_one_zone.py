"""All times of the pages are in the zone of the browser; their titles are exact and name it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.folders import write_run
from tests.pages.conftest import CHARTED
from tests.processes import Viewer
from tests.waiting import until

Open = Callable[..., Any]
EXACT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC−0[45]:00")


def test_titles_and_texts_are_in_the_zone_of_the_browser(open_page: Open, busy_site: Viewer) -> None:
    # 2025-06-02 01:30 UTC is the day before in New York.
    run_id = write_run(busy_site.root, "zones", "summer", created_at=1748827800.0)
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page(f"/runs/{run_id}", size="wide", timezone_id="America/New_York")
    time = page.locator("#header time[data-ts]").first
    until(lambda: time.text_content() == "2025-06-01")
    assert time.get_attribute("title") == "2025-06-01 21:30:00 UTC−04:00"
    page.goto(busy_site.url + f"/runs/{CHARTED}")
    until(lambda: all(EXACT.fullmatch(title) for title in _titles(page)))
    page.goto(busy_site.url + "/settings")
    assert page.get_by_text("Times are in the time zone of this browser: America/New_York.").is_visible()


def _titles(page: Any) -> list[str]:
    titles = page.eval_on_selector_all("time", "(times) => times.map((time) => time.title)")
    assert titles
    return list(titles)


def test_a_notice_after_deleting_moves_nothing_and_can_be_undone(open_page: Open, busy_site: Viewer) -> None:
    run_id = write_run(busy_site.root, "zones", "short-lived", metrics=[{"loss": 1.0}])
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page("/?project=zones", size="wide")
    # While metrics are read, a notice stands above the table.
    page.locator("#runs .notice[data-busy]").wait_for(state="detached")
    page.locator(f"#run-{run_id} input[type=checkbox]").check()
    head = page.locator("#runs thead, #runs .list-rows").first
    before = head.bounding_box()["y"]
    page.locator('[data-action="delete"]').click()
    notice = page.get_by_role("status").filter(has_text="moved to the recycle bin")
    notice.wait_for()
    assert head.bounding_box()["y"] == before
    page.locator(f"#run-{run_id}").wait_for(state="detached")
    notice.get_by_role("button", name="Undo").click()
    page.get_by_role("status").filter(has_text="1 run restored.").wait_for()
    page.locator(f"#run-{run_id}").wait_for()
