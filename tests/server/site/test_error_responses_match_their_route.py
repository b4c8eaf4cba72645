from __future__ import annotations

import io
import logging

import pytest
from django.db import OperationalError
from django.test import Client
from django.test.utils import override_script_prefix

from runs.index import refresh
from tests.processes import Viewer
from tests.server.site.wire import get
from tests.waiting import until

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("form", ["fails", "plain-fails"])
@pytest.mark.parametrize(
    ("kind", "status"), [("bug", 500), ("locked", 503), ("conflict", 503), ("missing", 404), ("input", 400)]
)
def test_errors_under_api_are_json_with_one_sentence(odd: Viewer, form: str, kind: str, status: int) -> None:
    answer = odd.get(f"/api/{form}/{kind}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert isinstance(answer.json()["detail"], str)
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("kind", "status"), [("bug", 500), ("locked", 503), ("missing", 404), ("sentence", 400)]
)
def test_errors_outside_the_api_are_pages(odd: Viewer, kind: str, status: int) -> None:
    answer = odd.get(f"/page-fails/{kind}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "secret" not in answer.text
    assert "<h1>" in answer.text


def test_the_log_says_what_the_answer_does_not(odd: Viewer) -> None:
    odd.get("/api/fails/bug")
    assert "RuntimeError: secret /home/user/file" in odd.output


FORMS = pytest.mark.parametrize("form", ["api/fails", "api/plain-fails", "page-fails"])


@FORMS
def test_an_external_failure_is_one_line_of_the_log(odd: Viewer, form: str) -> None:
    answer = odd.get(f"/{form}/foreseen")
    assert (answer.status_code, "The other machine is asleep." in answer.text) == (503, True)
    line = f"WARNING runicorn_site.errors: GET /{form}/foreseen: The other machine is asleep."
    until(lambda: line in odd.output)
    assert f"GET /{form}/foreseen failed" not in odd.output


@FORMS
def test_what_is_suspicious_is_named_in_the_log_and_what_is_only_large_is_not(odd: Viewer, form: str) -> None:
    for kind in ("large", "suspicious"):
        answer = odd.get(f"/{form}/{kind}?token=hidden")
        assert (answer.status_code, "The request could not be understood." in answer.text) == (400, True)
    line = f"WARNING runicorn_site.errors: GET /{form}/suspicious: SuspiciousFileOperation\n"
    until(lambda: line in odd.output)
    assert f"/{form}/large" not in odd.output
    assert "hidden" not in odd.output


def test_no_url_can_inject_a_line_into_the_log(odd: Viewer) -> None:
    assert odd.get("/page-fails/x%0AWARNING forged:").status_code == 500
    until(lambda: "GET /page-fails/x%0AWARNING%20forged: failed" in odd.output)
    assert not [line for line in odd.output.splitlines() if line.startswith("WARNING forged")]


def test_bad_input_names_its_field(odd: Viewer) -> None:
    assert odd.get("/api/fails/input").json() == {
        "detail": "tags: Not a list.",
        "errors": {"tags": ["Not a list."]},
    }
    assert odd.get("/api/fails/sentence").json() == {"detail": "One sentence."}


def test_an_unknown_url_is_404(odd: Viewer) -> None:
    for path in ("/api/nothing", "/api/v2/nothing", "/api/nothing/"):
        answer = odd.get(path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
    page = odd.get("/nothing", headers=BROWSER)
    assert page.status_code == 404
    assert page.headers["Content-Type"].startswith("text/html")


def test_an_unsupported_method_is_405(odd: Viewer) -> None:
    answer = odd.post("/api/long", json={})
    assert answer.status_code == 405
    assert answer.json() == {"detail": 'Method "POST" not allowed.'}
    assert "GET" in answer.headers["Allow"]
    page = odd.post("/openapi.json")
    assert page.status_code == 405
    assert page.headers["Content-Type"].startswith("text/html")


def test_a_browser_sees_the_page_of_drf(odd: Viewer) -> None:
    for path in ("/api/nothing", "/api/fails/bug"):
        answer = odd.get(path, headers=BROWSER)
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert f"<b>HTTP {answer.status_code} " in answer.text and "&quot;detail&quot;" in answer.text
        assert "secret" not in answer.text


def test_malformed_json_is_bad_input(odd: Viewer) -> None:
    answer = odd.post("/api/runs/tags", data="{", headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 404}
    assert isinstance(answer.json()["detail"], str)


def test_too_many_parameters_are_bad_input(odd: Viewer) -> None:
    many = "a=1&" * 1001
    answer = odd.get(f"/api/runs?{many}")
    assert (answer.status_code, "1,000 parameters" in answer.json()["detail"]) == (400, True)
    page = odd.get(f"/?{many}")
    assert (page.status_code, page.headers["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_a_form_under_api_is_refused(odd: Viewer) -> None:
    answer = odd.post("/api/echo", data={"a": "b"})
    assert (answer.status_code, list(answer.json())) == (415, ["detail"])


def test_protocol_errors_have_the_same_format(odd: Viewer) -> None:
    answer = get(odd.port, "/api/runs", "X-Odd: \x0b")
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "link", ["/s/K3JxT0aVb2cD4eFg.abc-DEF_ghi012345", "/invitations/dGhpcyBpcyBhIHNlY3JldA"]
)
@pytest.mark.usefixtures("store")
def test_no_line_of_the_log_contains_a_link(link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("locked")

    handler = next(
        stderr_handler for stderr_handler in logging.getLogger().handlers if stderr_handler.name == "stderr"
    )
    log = io.StringIO()
    monkeypatch.setattr(handler, "stream", log)
    monkeypatch.setattr(refresh, "refresh_run", fail)
    with override_script_prefix(f"{link}/"):  # as the server sets it for a shared link
        answer = Client(raise_request_exception=False).get("/runs/x")
    assert answer.status_code == 503 and "/runs/x" in log.getvalue()
    assert link.rpartition("/")[2] not in log.getvalue()
