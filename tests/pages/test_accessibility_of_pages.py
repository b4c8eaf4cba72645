"""axe-core finds no violation on any page, in both themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.axe import FILE
from tests.folders import write_run
from tests.pages.conftest import CHARTED
from tests.processes import Viewer

Open = Callable[..., Any]
RUN = """async (rules) => (await axe.run(document, { resultTypes: ["violations"], preload: false, ...rules })).violations
    .map((violation) => [violation.id, violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))])"""
RULES = {"light": {}, "dark": {"runOnly": ["color-contrast", "link-in-text-block"]}}
"""By theme. A theme changes nothing but colours, so that the rules about other things need no second look."""
PAGES = [
    "/",
    "/?q=zzz",
    "/?where=config.lr+%3C",
    f"/runs/{CHARTED}",
    "/recycle-bin",
    "/system",
    "/settings",
    "/import",
    "/remote",
    "/remote/host",
    "/alerts",
    "/projects",
    "/projects/vision",
    "/projects/vision/groups",
    "/?group=config.lr",
    "/artifacts",
    "/alerts/rules/new",
    "/alerts/channels/new",
    "/?layout=charts",
    f"/?layout=charts&runs={CHARTED}",
]


@pytest.fixture(scope="module")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer over a store with one deleted run and no other."""
    root, home = tmp_path_factory.mktemp("empty") / "store", tmp_path_factory.mktemp("home")
    run_id = write_run(root, "p", "gone")
    viewer = Viewer(root, home, RUNICORN_RATE_LIMIT="off").wait_until_it_answers()
    assert viewer.get(f"/api/runs/{run_id}").status_code == 200
    viewer.post("/api/runs/soft-delete", json={"run_ids": [run_id]})
    yield viewer
    viewer.stop()


def violations(page: Any) -> dict[str, Any]:
    """What axe finds on a page, by theme."""
    if not FILE.exists():
        pytest.skip(f"{FILE.name} is missing: python -m tests.axe")
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(FILE.read_text(encoding="utf-8"))
    hits_by_theme = {}
    for theme, rules in RULES.items():
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        if hits := page.evaluate(RUN, rules):
            hits_by_theme[theme] = hits
    return hits_by_theme


@pytest.mark.parametrize("address", PAGES)
def test_pages_with_data_have_no_violation(open_page: Open, address: str) -> None:
    assert violations(open_page(address, bypass_csp=True)) == {}


def test_a_table_with_a_selection_and_open_menus_has_no_violation(open_page: Open) -> None:
    page = open_page("/", bypass_csp=True)
    page.locator("input.pick").first.check()
    page.locator("#columns summary").click()
    assert violations(page) == {}
    page.keyboard.press("Escape")
    page.locator("a.name").first.focus()
    page.keyboard.press("t")
    page.get_by_role("dialog").wait_for()
    assert violations(page) == {}


@pytest.mark.parametrize("address", ["/", "/recycle-bin"])
def test_pages_of_an_empty_store_have_no_violation(chromium: Any, empty_site: Viewer, address: str) -> None:
    from tests.browser import careful_page

    with careful_page(chromium, bypass_csp=True) as page:
        page.goto(empty_site.url + address)
        assert violations(page) == {}


def test_the_not_found_page_has_no_violation(chromium: Any, empty_site: Viewer) -> None:
    page = chromium.new_context(bypass_csp=True).new_page()  # the browser logs a 404 as an error
    page.goto(f"{empty_site.url}/no/such/page")
    assert violations(page) == {}
    page.context.close()


@pytest.mark.parametrize("section", ["artifacts", pytest.param("", id="all", marks=pytest.mark.torture)])
def test_api_docs_have_no_violation_with_open_routes(open_page: Open, section: str) -> None:
    # All sections, which are alike, have so many elements that axe takes half a minute.
    page = open_page("/docs", bypass_csp=True)
    # Swagger UI draws only the operations near the window once there are a hundred.
    page.set_viewport_size({"width": 1440, "height": 30_000})
    for operation in ("list", "v_partial_update"):
        block = page.locator(f"#operations-artifacts-artifacts_{operation}")
        block.locator(".opblock-summary-control").click()
        block.get_by_role("button", name="Try it out").click()
        block.locator(".execute").wait_for()
    if section:
        page.set_viewport_size({"width": 1440, "height": 2000})
        assert page.locator(".execute").count() >= 1
    assert violations(page) == {}


@pytest.mark.torture  # it has 40,000 elements
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_reference_of_the_api_has_no_violation(open_page: Open, theme: str) -> None:
    # It reloads when the theme changes, so each theme is a page of its own.
    page = open_page("/redoc", theme=theme, bypass_csp=True)
    page.locator("#redoc h1").first.wait_for()
    page.evaluate(FILE.read_text(encoding="utf-8"))
    assert page.evaluate(RUN, {}) == []
