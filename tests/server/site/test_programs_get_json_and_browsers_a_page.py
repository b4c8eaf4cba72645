from __future__ import annotations

from typing import Any

from tests.processes import Viewer

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_program_gets_the_whole_list_as_json(odd: Viewer) -> None:
    for accept in ("*/*", "application/json"):
        answer = odd.get("/api/long", headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/json"
        assert len(answer.json()["items"]) == 500


def test_values_that_json_cannot_represent_are_null(odd: Viewer) -> None:
    answer = odd.get("/api/long").json()
    assert answer["nan"] is None
    assert answer["huge"] == float(2**70)


def test_a_browser_gets_a_page_with_the_first_hundred(odd: Viewer) -> None:
    answer = odd.get("/api/long", headers=BROWSER)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "&quot;number&quot;: 99\n" in answer.text
    assert "&quot;number&quot;: 100\n" not in answer.text
    assert "… and 400 more" in answer.text


def test_the_page_holds_no_script_and_no_form_that_the_api_refuses(odd: Viewer) -> None:
    page = odd.get("/api/long", headers=BROWSER).text
    assert 'enctype="multipart/form-data"' not in page
    assert "<script>" not in page and "<style" not in page
    assert "onclick" not in page
    assert "'unsafe-inline'" not in odd.get("/api/long", headers=BROWSER).headers["Content-Security-Policy"]


def test_the_form_of_a_page_sends_json_and_shows_the_response(plain: Viewer, browser: Any) -> None:
    address = f"{plain.url}/api/config/column-widths?table=tried&size=lg"
    browser.goto(address)
    browser.get_by_label("JSON body").fill('{"table": "tried", "size": "lg", "widths": {"name": 99}}')
    browser.get_by_role("button", name="Send").click()
    browser.get_by_text("HTTP 200").nth(1).wait_for()
    assert '"ok": true' in browser.locator("#answer").inner_text()
    assert plain.get(address.removeprefix(plain.url)).json()["widths"] == {"name": 99}
    browser.get_by_label("Method").select_option("DELETE")
    browser.get_by_label("JSON body").fill("")
    browser.get_by_role("button", name="Send").click()
    browser.get_by_text("preferences reset").wait_for()
    assert plain.get(address.removeprefix(plain.url)).json()["widths"] == {}
