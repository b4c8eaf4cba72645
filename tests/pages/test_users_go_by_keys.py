"""Command palette, keyboard help, and the runs before and after one, on every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.folders import write_run
from tests.pages.conftest import CHARTED
from tests.pages.test_accessibility_of_pages import violations
from tests.waiting import until

Open = Callable[..., Any]


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_the_palette_finds_runs_pages_and_actions(open_page: Open, size: str) -> None:
    page = open_page("/settings", size=size, bypass_csp=True)
    page.get_by_role("button", name="Search and commands").click()
    field = page.get_by_role("combobox", name="Search runs, projects")
    field.fill("aaaaaa")
    option = page.get_by_role("option").filter(has_text="resnet")
    option.first.wait_for()
    assert violations(page) == {}
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{CHARTED}")
    page.get_by_role("tablist").wait_for()
    page.keyboard.press("Control+k")
    field.fill("system")
    until(lambda: page.locator("#places [aria-selected=true]").inner_text().startswith("System"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/system")


@pytest.mark.parametrize("address", ["/", "/?layout=charts"])
def test_no_two_entries_of_the_palette_have_the_same_name(open_page: Open, address: str) -> None:
    page = open_page(address, size="wide")
    page.keyboard.press("Control+k")
    page.get_by_role("option", name="Artifacts").first.wait_for()
    # Projects and runs, which the server adds a moment later, may have the same name.
    own = page.locator(
        "#places ul:is([aria-labelledby=places-page], [aria-labelledby=places-action]) [role=option]"
    )
    names = own.locator("bdi").all_inner_texts()
    assert len(names) == len(set(names)) > 5, names


def test_help_opens_on_every_page(open_page: Open) -> None:
    page = open_page("/artifacts", size="wide", bypass_csp=True)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    dialog.wait_for()
    assert violations(page) == {}
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 500})
    page.keyboard.press("?")
    dialog.wait_for()
    assert dialog.evaluate("(dialog) => dialog.scrollTop") == 0, "it begins at its top"


def test_brackets_go_through_the_runs_in_the_order_of_the_list(open_page: Open) -> None:
    page = open_page("/?project=nlp&sort=name", size="wide")
    until(lambda: page.locator("#runs tbody tr[id]").count() > 2)
    ids = page.eval_on_selector_all("#runs tbody tr[id]", "(rows) => rows.map((row) => row.id.slice(4))")
    page.locator("#runs tbody a.name").nth(1).click()
    for key, run_id in (("]", ids[2]), ("[", ids[1]), ("[", ids[0])):
        page.get_by_role("tablist").wait_for()
        page.keyboard.press(key)
        page.wait_for_url(f"**/runs/{run_id}*")


def test_charts_are_one_skip_link_away(open_page: Open) -> None:
    page = open_page(f"/runs/{CHARTED}", size="wide")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**#chart-grid")


@pytest.mark.parametrize("address", [f"/runs/{CHARTED}", "/?layout=charts&project=vision"])
def test_the_first_chart_is_reached_within_fifteen_tabs(open_page: Open, address: str) -> None:
    page = open_page(address, size="wide")
    page.locator(".plot").first.wait_for()
    presses, followed = 0, False
    while not page.evaluate("document.activeElement.matches('.plot')"):
        page.keyboard.press("Tab")
        presses += 1
        if not followed and page.evaluate("document.activeElement.getAttribute('href') === '#chart-grid'"):
            page.keyboard.press("Enter")
            followed = True
        assert presses <= 15, page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
    assert followed


@pytest.mark.django_db
def test_a_run_outside_of_the_list_has_no_neighbours(
    store: Any, look: Callable[[], None], client: Client
) -> None:
    first, second = (
        write_run(store, "vision", name, created_at=float(at)) for at, name in ((1e9, "a"), (2e9, "b"))
    )
    look()
    assert client.get(f"/runs/{second}/neighbours").json() == {"previous": None, "next": f"/runs/{first}"}
    assert client.get(f"/runs/{first}/neighbours?project=other").json() == {"previous": None, "next": None}
    assert client.get(f"/runs/{first}/neighbours?where=%28").json() == {"previous": None, "next": None}
    assert client.get(f"/runs/{first}/neighbours?runs={first},{second}").json()["next"] == f"/runs/{second}"


@pytest.mark.parametrize("address", [f"/runs/{CHARTED}", f"/?layout=charts&runs={CHARTED}"])
def test_the_first_chart_is_within_fifteen_keys(open_page: Open, address: str) -> None:
    """The second stop is a link that leads to the charts."""
    page = open_page(address, size="wide")
    page.locator("figure[data-name] canvas").first.wait_for()
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to charts"
    page.keyboard.press("Enter")
    stops = ["skip", "skip"]
    while stops[-1] != "plot" and len(stops) < 15:
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    assert stops[-1] == "plot", stops
    page.keyboard.press("ArrowLeft")
    until(lambda: " step " in (page.locator("#charts > [role=status].for-readers").last.text_content() or ""))
