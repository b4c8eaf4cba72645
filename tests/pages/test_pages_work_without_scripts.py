"""With scripts switched off everything can be read, and filters, pages, deleting and restoring work by forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.folders import write_run
from tests.pages.conftest import CHARTED
from tests.processes import Viewer
from tests.waiting import until

Open = Callable[..., Any]


def test_the_table_is_filtered_by_links_and_forms(open_page: Open) -> None:
    page = open_page("/", java_script_enabled=False)
    page.get_by_role("link", name="Failed").click()
    page.wait_for_url("**status=failed**")
    assert set(page.locator("td .status").all_text_contents()) == {"failed"}
    page.locator("select[name=project]").select_option("nlp")
    page.fill("#search", "bert-13")
    page.get_by_role("button", name="Apply").click()
    until(lambda: page.locator("a.name").count() == 1)


def test_a_run_can_be_read(open_page: Open) -> None:
    page = open_page(f"/runs/{CHARTED}", java_script_enabled=False)
    text = page.locator("main").inner_text()
    for words in (
        "resnet",
        "The first try.",
        "300 points, lowest",
        "optim.name",
        "adam",
        "best_metric_value",
        "59",
    ):
        assert words in text, words
    assert page.locator("#chart-tools").is_hidden()


def test_tools_of_charts_are_not_offered_before_scripts_can_use_them(open_page: Open) -> None:
    page = open_page("/?layout=charts", java_script_enabled=False)
    assert page.locator("select[name=of], select[name=group], input[name=charts]").count() == 3
    assert not page.locator(":is(select[name=of], select[name=group], input[name=charts]):visible").count()


def test_deleting_and_restoring_work_by_forms(open_page: Open, busy_site: Viewer) -> None:
    run_id = write_run(busy_site.root, "scratch", "to delete")
    until(lambda: busy_site.get(f"/api/runs/{run_id}").status_code == 200)
    page = open_page("/?project=scratch", java_script_enabled=False)
    page.get_by_label(f"Select to delete {run_id}").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.locator("form.notice", has_text="1 run moved to the recycle bin.").wait_for()
    page.get_by_role("link", name="recycle bin").click()
    page.get_by_role("button", name=f"Restore to delete {run_id}").click()
    page.locator(".notice", has_text="1 run restored.").wait_for()
    assert page.get_by_role("button", name=f"Restore to delete {run_id}").count() == 0
