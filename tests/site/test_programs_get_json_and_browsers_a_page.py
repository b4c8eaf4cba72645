from __future__ import annotations

from tests.processes import Viewer

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_program_gets_the_whole_list_as_json(odd: Viewer) -> None:
    for accept in ("*/*", "application/json"):
        answer = odd.get("/api/long", headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/json"
        assert len(answer.json()["items"]) == 500


def test_what_json_has_no_word_for_is_null_or_near(odd: Viewer) -> None:
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
    assert "<script>" not in page
    assert "onclick" not in page
