from __future__ import annotations

from typing import Any

import pytest

from tests.processes import Viewer


def test_the_description_is_openapi_and_holds_the_api_alone(plain: Viewer) -> None:
    answer = plain.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    schema = answer.json()
    assert schema["openapi"].startswith("3.")
    assert schema["info"]["title"] == "Runicorn"
    assert {"/api/health", "/api/gpu/telemetry", "/api/runs", "/api/v2/experiments/{run_id}/series"} <= set(
        schema["paths"]
    )
    assert all(path.startswith("/api/") for path in schema["paths"])


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/docs", "#swagger-ui .opblock"), ("/redoc", "#redoc h1"), ("/api/health", ".response-info")],
)
def test_its_pages_draw_themselves_without_another_host(
    plain: Viewer, browser: Any, path: str, shown: str
) -> None:
    browser.goto(plain.url + path)
    selector = shown.replace("#redoc h1", "h1:has-text('Runicorn')")
    browser.wait_for_selector(selector, timeout=20_000)


def test_a_request_tried_from_the_documentation_reaches_the_api(plain: Viewer, browser: Any) -> None:
    browser.goto(plain.url + "/docs")
    browser.click("#swagger-ui .opblock-summary-path[data-path='/api/health']")
    browser.click("text=Try it out")
    browser.click("button.execute")
    browser.wait_for_selector(".live-responses-table .response-col_status:has-text('200')", timeout=10_000)
