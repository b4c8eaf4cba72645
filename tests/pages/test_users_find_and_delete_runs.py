"""The main task of the home page, in the real browser: find runs, watch them, choose some, delete, take back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.folders import append_metrics, write_run
from tests.processes import Viewer
from tests.screens import Screen, open_filters
from tests.waiting import until

pytestmark = pytest.mark.journey
Open = Callable[..., Any]
PROJECT = "journey"


@pytest.fixture(scope="module")
def runs(busy_site: Viewer) -> Iterator[dict[str, str]]:
    """Four runs of a project of their own, by name."""
    ids = {
        name: write_run(
            busy_site.root, PROJECT, name, status=status, metrics=[{"loss": loss}], hostname="far away"
        )
        for name, status, loss in [
            ("one", "finished", 3.0),
            ("two", "finished", 1.0),
            ("three", "failed", 2.0),
        ]
    }
    ids["moving"] = write_run(
        busy_site.root, PROJECT, "moving", status="running", metrics=[{"loss": 9.0}], hostname="far away"
    )
    for run_id in ids.values():  # the columns that are offered are those of metrics that were taken in
        until(lambda run_id=run_id: busy_site.get(f"/api/runs/{run_id}/metrics").json().get("total") == 1)
    yield ids
    # Other tests look at all runs of the same viewer.
    shutil.rmtree(busy_site.root / PROJECT)
    until(lambda: busy_site.get("/api/runs", params={"project": PROJECT}).json() == [])


def names(page: Any) -> list[str]:
    return list(page.locator("a.name").all_text_contents())


def wait_for_scripts(page: Any) -> None:
    """Until runs can be chosen; a phone does not show the box that is waited for."""
    until(lambda: not page.locator("#pick-all").evaluate("box => box.hidden"))


@pytest.mark.journey("wide", "middle")
def test_the_actions_on_selected_runs_are_one_line(open_page: Open, runs: dict[str, str]) -> None:
    page = open_page(f"/?project={PROJECT}")
    wait_for_scripts(page)
    for box in page.locator("input.pick").all()[:3]:
        box.check()
    middle = """(bar) => [...bar.querySelectorAll("button, input")].filter((one) => one.checkVisibility())
        .map((one) => one.getBoundingClientRect()).map(({ top, bottom }) => (top + bottom) / 2)"""
    for width in (1000, 1024, 1280, 1440, 1600, 1700, 1920, 2560):
        page.set_viewport_size({"width": width, "height": 800})
        places = page.locator(".selection").evaluate(middle)
        assert max(places) - min(places) < 8, width


def test_filters_and_order_are_applied_without_a_reload(
    open_page: Open, runs: dict[str, str], screen: Screen
) -> None:
    page = open_page(f"/?project={PROJECT}")
    page.evaluate("window.neverReloaded = true")
    page.get_by_role("link", name="Finished").click()
    until(lambda: set(names(page)) == {"one", "two"})
    page.locator("#search").click()
    page.keyboard.type("two")
    until(lambda: names(page) == ["two"])
    until(lambda: page.url.endswith(f"/?q=two&project={PROJECT}&status=finished"))
    assert page.evaluate("document.activeElement.id") == "search"
    page.fill("#search", "")
    until(lambda: set(names(page)) == {"one", "two"})
    if screen.is_phone:
        open_filters(page)
        page.get_by_label("Order").select_option("Name, A first")
        until(lambda: names(page) == ["one", "two"])
    else:
        page.locator("summary", has_text="Columns").click()
        page.locator('input[value="metric.loss.min"]').check()
        until(lambda: page.locator("td.c-extra").count() == 2)
        assert page.locator("#columns").get_attribute("open") is not None
        page.keyboard.press("Escape")
        page.mouse.click(700, 750)
        page.get_by_role("link", name="loss min").click()
        until(lambda: page.locator("td.c-extra").all_text_contents() == ["3", "1"])
    assert page.evaluate("window.neverReloaded")
    assert "sort=" in page.url
    page.go_back()
    until(lambda: "sort=" not in page.url and page.locator("a.name").count() == 2)
    if not screen.is_phone:
        page.locator("#columns summary").click()
        with page.expect_navigation():
            page.get_by_role("button", name="Reset columns").click()


def test_rows_of_running_and_new_runs_are_updated_live(
    open_page: Open, busy_site: Viewer, runs: dict[str, str]
) -> None:
    page = open_page(f"/?project={PROJECT}")
    row = page.locator(f"#run-{runs['moving']}")
    box = page.get_by_label(f"Select one {runs['one']}")
    box.check()
    row.locator("a.name").focus()
    append_metrics(
        busy_site.root, PROJECT, "moving", runs["moving"], [{"loss": 0.5, "global_step": 4321}], 2.0e9
    )
    until(lambda: row.locator(".c-step").inner_text() == "4,321")
    assert box.is_checked(), "a choice survives what moves"
    assert page.evaluate("document.activeElement.className") == "name clip"
    late = write_run(busy_site.root, PROJECT, "late", status="interrupted", created_at=2.0e9)
    until(lambda: page.locator(f"#run-{late}").is_visible())
    assert names(page)[0] == "late"


def test_rows_are_chosen_by_keys_and_in_stretches(open_page: Open, runs: dict[str, str]) -> None:
    page = open_page(f"/?project={PROJECT}&sort=name")
    wait_for_scripts(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    chosen = page.locator("#selection output")
    assert chosen.text_content() == "1 run selected"
    page.locator("input.pick").nth(0).click()
    page.locator("input.pick").nth(3).click(modifiers=["Shift"])
    assert chosen.text_content() == "4 runs selected"
    page.locator("#unpick").click()
    assert page.locator("#selection").is_hidden()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*")


def test_selected_runs_lead_to_an_alert_rule_about_them(open_page: Open, runs: dict[str, str]) -> None:
    page = open_page("/")
    chosen = list(runs.values())[:2]
    for run_id in chosen:
        page.locator(f"#run-{run_id} .pick").check()
    page.get_by_role("link", name="Alert me…").click()
    page.wait_for_url("**/alerts/rules/new?**")
    where = page.locator("[name=where]").input_value()
    assert where.startswith("id in (") and all(run_id in where for run_id in chosen)
    page.get_by_role("button", name="Preview on past runs").click()
    page.get_by_role("heading", name="It would not have fired in the last 30 days.").wait_for()


def test_a_deletion_is_undone(open_page: Open, runs: dict[str, str]) -> None:
    page = open_page(f"/?project={PROJECT}&status=finished&status=failed")
    wait_for_scripts(page)
    before = set(names(page))
    for name in ("one", "three"):
        page.get_by_label(f"Select {name} {runs[name]}").check()
    page.locator("#selection").get_by_role("button", name="Delete", exact=True).click()
    until(lambda: set(names(page)) == before - {"one", "three"})
    until(lambda: "2 runs moved" in page.locator("#outcome").inner_text())
    page.get_by_role("button", name="Undo").click()
    until(lambda: set(names(page)) == before)
    assert "undo" not in page.url


def test_undo_survives_a_reload_and_another_page(open_page: Open, runs: dict[str, str]) -> None:
    page = open_page(f"/?project={PROJECT}&status=finished&status=failed")
    wait_for_scripts(page)
    before = set(names(page))
    page.get_by_label(f"Select two {runs['two']}").check()
    page.locator("#selection").get_by_role("button", name="Delete", exact=True).click()
    until(lambda: "1 run moved" in page.locator("#outcome").inner_text())
    page.reload()
    until(lambda: "1 run moved" in page.locator("#outcome").inner_text())
    page.goto(page.url.partition("?")[0] + "recycle-bin")
    page.go_back()
    page.get_by_role("button", name="Undo").click()
    until(lambda: "1 run restored" in page.locator("#outcome").inner_text())
    until(lambda: set(names(page)) == before)
    page.reload()
    wait_for_scripts(page)
    assert page.locator("#outcome").is_hidden(), "what was taken back is not offered again"


def test_a_notice_can_be_dismissed(open_page: Open, runs: dict[str, str]) -> None:
    page = open_page(f"/?project={PROJECT}&status=failed")
    wait_for_scripts(page)
    page.get_by_label(f"Select three {runs['three']}").check()
    page.locator("#selection").get_by_role("button", name="Pin", exact=True).click()
    until(lambda: "1 run pinned" in page.locator("#outcome").inner_text())
    page.get_by_role("button", name="Dismiss").click()
    assert page.locator("#outcome").is_hidden()
    page.reload()
    wait_for_scripts(page)
    assert page.locator("#outcome").is_hidden()
