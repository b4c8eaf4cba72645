"""The pages about the API draw themselves offline, in the frame and the theme of the other pages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.pages.test_pages_fit_every_screen import FAINT_TEXT
from tests.processes import Viewer
from tests.waiting import until

SHOWN = [("/docs", "#swagger-ui .opblock"), ("/redoc", "#redoc h1"), ("/api/health", ".response-info")]
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(21, 21, 23)"
GROUND = """[document.documentElement, document.body].map((element) => getComputedStyle(element).backgroundColor)
    .find((colour) => colour !== "rgba(0, 0, 0, 0)")"""


def test_the_description_is_openapi_and_holds_the_api_alone(plain: Viewer) -> None:
    answer = plain.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    schema = answer.json()
    assert schema["openapi"].startswith("3.")
    assert schema["info"]["title"] == "Runicorn"
    assert {"/api/health", "/api/gpu/telemetry", "/api/runs", "/api/v2/experiments/{run_id}/series"} <= set(
        schema["paths"]
    )
    assert all(f"{path}/".startswith("/api/") for path in schema["paths"])


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documentation_pages_link_to_the_description(plain: Viewer, path: str) -> None:
    links = re.findall(r'<a href="([^"]*)">openapi\.json</a>', plain.get(path).text)
    assert set(links) == {"/openapi.json"}


def evaluate(page: Any, script: str) -> Any:
    """Evaluate a script; None while the page reloads, as ReDoc does for another theme."""
    from playwright.sync_api import Error

    try:
        return page.evaluate(script)
    except Error as error:
        assert "Execution context was destroyed" in str(error)
        return None


@pytest.mark.parametrize(("path", "selector"), SHOWN)
def test_the_documentation_pages_render_offline_in_the_theme(
    plain: Viewer, browser: Any, path: str, selector: str
) -> None:
    browser.goto(plain.url + path)
    browser.wait_for_selector(selector)
    assert browser.locator("nav.rail").is_visible()
    assert browser.evaluate(GROUND) == LIGHT
    browser.emulate_media(color_scheme="dark", reduced_motion="reduce")
    until(lambda: evaluate(browser, GROUND) == DARK)
    browser.wait_for_selector(selector)
    until(lambda: evaluate(browser, FAINT_TEXT) == [])


@pytest.mark.parametrize("path", ["/admin/runs/run/", "/api/health"])
def test_the_theme_that_was_chosen_comes_before_that_of_the_system(
    plain: Viewer, browser: Any, path: str
) -> None:
    browser.emulate_media(color_scheme="dark")
    browser.goto(plain.url + path)
    assert browser.evaluate(GROUND) == DARK and browser.evaluate(FAINT_TEXT) == []
    browser.context.add_cookies([{"name": "runicorn_theme", "value": "light", "url": plain.url}])
    browser.reload()
    assert browser.evaluate(GROUND) == LIGHT and browser.evaluate(FAINT_TEXT) == []


def test_a_request_tried_from_the_documentation_reaches_the_api(plain: Viewer, browser: Any) -> None:
    browser.goto(plain.url + "/docs")
    # Swagger UI draws only the operations near the window once there are a hundred.
    browser.set_viewport_size({"width": 1440, "height": 30_000})
    browser.click("#swagger-ui .opblock-summary-path[data-path='/api/health']")
    browser.click("text=Try it out")
    browser.click("button.execute")
    browser.wait_for_selector(".live-responses-table .response-col_status:has-text('200')", timeout=10_000)
