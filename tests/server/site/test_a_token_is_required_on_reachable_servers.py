from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.processes import Viewer
from tests.secrecy import holds, secret
from tests.server.site.wire import get, handshake
from tests.waiting import until

SOCKET = "/api/runs/20250101_000000_abcdef/logs/ws"
TOKEN = f"correct horse {secret()}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Viewer:
    """A viewer with a token of its own making."""
    home = tmp_path_factory.mktemp("home")
    (home / "store").mkdir()
    viewer = Viewer(home / "store", home, "--token", "auto", RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()
    viewer.stop()


def token_file(viewer: Viewer) -> Path:
    """Where the viewer has put its token."""
    match = re.search(r"token for other browsers and programs is in (\S+)\.\n", viewer.output)
    assert match is not None
    return Path(match[1])


def bearer(viewer: Viewer) -> dict[str, str]:
    """What a program sends."""
    return {"Authorization": f"Bearer {token_file(viewer).read_text().strip()}"}


def own_host(viewer: Viewer) -> str:
    """The Host that a browser sends."""
    return f"127.0.0.1:{viewer.port}"


def test_without_a_token_every_request_is_refused(guarded: Viewer) -> None:
    api = guarded.get("/api/health")
    assert api.status_code == 401
    assert list(api.json()) == ["detail"]
    assert api.headers["WWW-Authenticate"] == "Bearer"
    for path in ("/", "/admin/", "/static/css/base.css", "/openapi.json", "/docs"):
        page = guarded.get(path)
        assert page.status_code == 401
        assert 'name="token"' in page.text
    assert handshake(guarded.port, SOCKET) == 403


def test_the_question_for_the_token_has_its_style_and_nothing_else_is_open(guarded: Viewer) -> None:
    page = guarded.get("/")
    sheet = re.search(r'<link rel="stylesheet" href="([^"]+)">', page.text)
    assert sheet is not None and page.text.count("<link") == 2 and "<script" not in page.text
    style = guarded.get(sheet[1])
    assert style.status_code == 200 and style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "--paper" in style.text and ".plain form" in style.text
    assert guarded.post(sheet[1]).status_code == guarded.get(f"{sheet[1]}/x").status_code == 401
    assert guarded.get(sheet[1], headers={"Origin": "http://evil.example"}).status_code == 403


def test_the_refusal_of_a_host_name_has_its_style_under_that_name(guarded: Viewer) -> None:
    wrong = {"Host": "lab:23300"}
    refused = guarded.get("/", headers=wrong)
    sheet = re.search(r'<link rel="stylesheet" href="([^"]+)">', refused.text)
    assert refused.status_code == 403 and sheet is not None
    style = guarded.get(sheet[1], headers=wrong)
    assert style.status_code == 200 and ".plain main" in style.text
    assert guarded.get(f"{sheet[1]}/x", headers=wrong).status_code == 403


def test_the_question_for_the_token_is_in_the_language_of_the_browser(guarded: Viewer) -> None:
    chinese = {"Accept-Language": "zh-CN,zh;q=0.9"}
    page = guarded.get("/", headers=chinese).content.decode()
    assert '<html lang="zh-hans">' in page and "此查看器需要令牌。" in page and "令牌 <input" in page
    assert (
        "This viewer requires a token." in guarded.get("/", headers={"Cookie": "runicorn_language=en"}).text
    )
    assert (
        "此查看器需要令牌。"
        in guarded.get("/", headers={"Cookie": "runicorn_language=zh-hans"}).content.decode()
    )
    assert "This viewer requires a token." in guarded.get("/api/runs", headers=chinese).json()["detail"]
    refused = guarded.get("/", headers={**chinese, "Host": "evil.example"})
    assert (refused.status_code, "不允许此主机名" in refused.content.decode()) == (403, True)


def test_without_a_token_no_body_is_waited_for(guarded: Viewer) -> None:
    unsent = ("Content-Length: 1000000", "Content-Type: application/json")
    assert get(guarded.port, "/api/runs/tags", *unsent, method="POST").status == 401
    page = get(guarded.port, "/runs/x/pin", "Content-Length: 1000000", method="POST")
    assert (page.status, b'name="token"' in page.body) == (401, True)


def test_a_program_sends_the_token_as_bearer(guarded: Viewer) -> None:
    assert guarded.get("/openapi.json", headers=bearer(guarded)).status_code == 200
    assert guarded.get("/openapi.json", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert guarded.get("/openapi.json", headers={"Authorization": "Basic eDp5"}).status_code == 401
    assert handshake(guarded.port, SOCKET, f"Authorization: {bearer(guarded)['Authorization']}") == 101


def test_only_its_owner_can_read_the_token(guarded: Viewer) -> None:
    assert stat.S_IMODE(token_file(guarded).stat().st_mode) == 0o600


def test_the_printed_address_opens_a_browser_once(guarded: Viewer) -> None:
    address = re.search(r"http://\S+\?once=\S+", guarded.output)
    assert address is not None
    browser, other = requests.Session(), requests.Session()
    with browser, other:
        first = browser.get(address[0] + "&project=a", allow_redirects=False, timeout=60)
        assert (first.status_code, first.headers["Location"]) == (303, "/?project=a")
        cookie = first.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        assert re.fullmatch(r"runicorn_token_[0-9a-f]{8}", cookie.partition("=")[0])
        assert browser.get(guarded.url + "/openapi.json", timeout=60).status_code == 200
        assert (
            handshake(guarded.port, SOCKET, f"Cookie: {cookie.partition(';')[0]}", host=own_host(guarded))
            == 101
        )
        assert other.get(address[0], timeout=10).status_code == 401
        # Who has the cookie already may use the old link: it leads on.
        assert browser.get(address[0], allow_redirects=False, timeout=60).status_code == 303


def test_a_cookie_is_only_good_for_its_host(guarded: Viewer) -> None:
    token = token_file(guarded).read_text()
    answer = guarded.post("/token", data={"token": token}, allow_redirects=False)
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert handshake(guarded.port, SOCKET, f"Cookie: {cookie}", host=own_host(guarded)) == 101
    assert handshake(guarded.port, SOCKET, f"Cookie: {cookie}", host="localhost") == 403


def test_the_form_opens_the_page_that_was_asked_for(guarded: Viewer) -> None:
    token = token_file(guarded).read_text()
    response = guarded.get("/runs/x?tab=log")
    target = re.search(r'name="next" value="([^"]*)"', response.text)
    assert target is not None
    assert target[1] == "/runs/x?tab=log"
    answer = guarded.post("/token", data={"token": token, "next": target[1]}, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, target[1])
    for elsewhere in ("//evil.example", "/\\evil.example", "http://evil.example", "x\r\ny"):
        answer = guarded.post("/token", data={"token": token, "next": elsewhere}, allow_redirects=False)
        assert answer.headers["Location"] == "/"


def test_a_foreign_page_cannot_send_the_form(guarded: Viewer) -> None:
    answer = guarded.post(
        "/token", data={"token": token_file(guarded).read_text()}, headers={"Origin": "http://evil.example"}
    )
    assert answer.status_code == 403


def test_after_five_wrong_tokens_the_form_waits_for_the_right_one(
    start_viewer: Callable[..., Viewer], tmp_path: Path
) -> None:
    file = holds(tmp_path / "token")
    file.write_text(TOKEN + "\n", encoding="utf-8")
    viewer = start_viewer(tmp_path / "store", "--token", str(file))
    tries = [viewer.post("/token", data={"token": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in tries] == [401] * 5 + [429]
    assert int(tries[-1].headers["Retry-After"]) == 60
    right = viewer.post("/token", data={"token": TOKEN}, allow_redirects=False)
    assert (
        right.status_code == 303
    )  # the wrong tokens of others behind the same proxy do not count against it
    assert viewer.get("/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert TOKEN not in viewer.output


def test_the_token_of_a_free_port_ends_with_its_viewer(home: Path, folder: Path) -> None:
    viewer = Viewer(folder, home, "--port", "0", "--token", "auto")
    file = until(lambda: next((home / "data").glob("token-*"), None), timeout=90)
    until(lambda: "The address works once" in viewer.output, timeout=90)
    viewer.stop()
    assert not file.exists()


def test_a_viewer_that_is_stopped_while_it_starts_leaves_no_token(home: Path, folder: Path) -> None:
    viewer = Viewer(folder, home, "--port", "0", "--token", "auto")
    file = until(lambda: next((home / "data").glob("token-*"), None), timeout=90, pause=0.001)
    viewer.process.terminate()
    assert viewer.process.wait(90) == 0
    assert not file.exists()


def test_a_server_for_everybody_answers_to_the_names_it_was_given(
    start_viewer: Callable[..., Viewer], tmp_path: Path, folder: Path
) -> None:
    file = holds(tmp_path / "token")
    file.write_text(TOKEN, encoding="utf-8")
    viewer = start_viewer(folder, "--host", "0.0.0.0", "--token", str(file), "--allowed-host", "box.lab")
    line = f"Authorization: Bearer {TOKEN}"
    assert get(viewer.port, "/api/health", line, host="box.lab:80").status == 200
    assert get(viewer.port, "/api/health", line, host=own_host(viewer)).status == 200
    printed = re.search(r"http://(\S+):\d+", viewer.output)
    assert printed is not None
    assert get(viewer.port, "/api/health", line, host=printed[1]).status == 200
    assert get(viewer.port, "/api/health", line, host=f"0.0.0.0:{viewer.port}").status == 403
    assert get(viewer.port, "/api/health", line, host="elsewhere.lab").status == 403
    assert get(viewer.port, "/api/health", host="box.lab").status == 401
