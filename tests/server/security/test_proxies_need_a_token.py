from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from tests.processes import Viewer
from tests.secrecy import holds
from tests.server.site.wire import Answer, get, handshake

SOCKET = "/api/runs/20250101_000000_abcdef/logs/ws"
TOKEN = "4f1d0a97c3e85b2660d9187ae4f35c02"
BEARER = f"Authorization: Bearer {TOKEN}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer with a token."""
    home = tmp_path_factory.mktemp("home")
    (home / "store").mkdir()
    holds(home / "token").write_text(TOKEN, encoding="ascii")
    viewer = Viewer(home / "store", home, "--token", str(home / "token"), RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()
    viewer.stop()


def cookies(answer: Answer) -> list[str]:
    """The attributes of the cookie that an answer sets."""
    return answer.headers["set-cookie"].split("; ")


@pytest.mark.parametrize(
    "line",
    [
        "X-Forwarded-For: 10.0.0.7",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: runs.lab",
        "Forwarded: for=10.0.0.7",
        "X-Real-IP: 10.0.0.7",
    ],
)
def test_a_viewer_without_a_token_refuses_proxied_requests(shared_viewer: Viewer, line: str) -> None:
    answer = get(shared_viewer.port, "/api/health", line)
    assert answer.status == 403
    assert b"through a proxy" in answer.body and b"--token auto" in answer.body
    assert get(shared_viewer.port, "/", line).status == 403
    assert handshake(shared_viewer.port, SOCKET, line) == 403
    assert get(shared_viewer.port, "/api/health").status == 200


def test_a_proxied_request_with_a_body_is_refused_before_the_body(shared_viewer: Viewer) -> None:
    unsent = ("Content-Length: 1000000", "Content-Type: application/json", "Forwarded: for=1.2.3.4")
    assert get(shared_viewer.port, "/api/runs/tags", *unsent, method="POST").status == 403


def test_a_viewer_with_a_token_answers_through_a_proxy(guarded: Viewer) -> None:
    line = "X-Forwarded-For: 10.0.0.7"
    assert get(guarded.port, "/api/health", line, BEARER).status == 200
    assert get(guarded.port, "/api/health", line).status == 401


def test_cookies_are_secure_behind_tls_alone(guarded: Viewer) -> None:
    form = ("Content-Type: application/x-www-form-urlencoded",)
    body = f"token={TOKEN}"
    for lines, secure in (
        (("X-Forwarded-Proto: https",), True),
        (("Forwarded: for=10.0.0.7;proto=https",), True),
        (("Origin: https://127.0.0.1",), True),
        ((), False),
    ):
        answer = requests.post(
            f"{guarded.url}/token",
            data=body,
            headers=dict(line.split(": ", 1) for line in (*lines, *form)) | {"Host": "127.0.0.1"},
            allow_redirects=False,
            timeout=60,
        )
        assert answer.status_code == 303
        assert ("Secure" in answer.headers["Set-Cookie"].split("; ")) is secure, lines


def test_cookies_of_pages_are_secure_behind_tls(guarded: Viewer) -> None:
    page = get(guarded.port, "/settings", BEARER, "X-Forwarded-Proto: https")
    assert page.status == 200 and "Secure" in cookies(page)
    assert "Secure" not in cookies(get(guarded.port, "/settings", BEARER))


def test_what_needs_a_token_is_not_stored_by_browsers(guarded: Viewer, shared_viewer: Viewer) -> None:
    for path in ("/", "/api/runs", "/api/health", "/openapi.json", "/api/runs/nonsense"):
        assert get(guarded.port, path, BEARER).headers.get("cache-control") == "no-store", path
    sheet = re.search(
        r'/static/[^"]+\.css', guarded.get("/", headers={"Authorization": f"Bearer {TOKEN}"}).text
    )
    assert sheet is not None
    assert "immutable" in get(guarded.port, sheet[0], BEARER).headers["cache-control"]
    assert get(shared_viewer.port, "/").headers.get("cache-control") != "no-store"


def test_every_answer_isolates_its_window(guarded: Viewer) -> None:
    for path in ("/", "/api/health"):
        for lines in ((), (BEARER,)):
            answer = get(guarded.port, path, *lines)
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
