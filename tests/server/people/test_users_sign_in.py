from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.pages.markup import Markup
from tests.processes import PROJECT, Viewer, environment, run_module
from tests.secrecy import secret
from tests.server.people.lab import Lab
from tests.server.site.wire import handshake
from tests.waiting import until, until_refused

SOCKET = "/api/runs/20250101_000000_abcdef/logs/ws"


def test_without_a_login_only_the_login_page_and_static_files_are_open(lab: Lab) -> None:
    for path in ("/", "/runs/x?tab=log", "/admin/", "/docs", "/account", "/new"):
        page = requests.get(lab.url + path, allow_redirects=False, timeout=30)
        assert (page.status_code, page.headers["Location"][:12]) == (303, "/login?next="), path
    for path in ("/api/health", "/metrics"):
        assert requests.get(lab.url + path, allow_redirects=False, timeout=30).status_code == 401, path
    assert requests.post(lab.url + "/runs-change", timeout=30).status_code == 401
    fragment = requests.get(lab.url + "/find", headers={"Sec-Fetch-Mode": "cors"}, timeout=30)
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (401, "/login?next=%2Ffind")
    assert handshake(lab.viewer.port, SOCKET) == 401
    for path in ("/login", "/static/css/base.css", "/favicon.ico", "/healthz"):
        assert requests.get(lab.url + path, timeout=30).status_code == 200, path


def test_a_user_signs_in_and_out(lab: Lab) -> None:
    browser, answer = lab.sign_in("ada")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    (session,) = [cookie for cookie in browser.cookies if cookie.name.startswith("runicorn_session")]
    assert {"HttpOnly", "SameSite"} <= set(session._rest)  # type: ignore[attr-defined]
    page = browser.get(lab.url + "/account", timeout=30)
    assert "<bdi>ada</bdi>" in page.text and page.headers["Cache-Control"] == "no-store"
    stolen = {session.name: session.value}
    assert requests.get(lab.url + "/api/runs", cookies=stolen, timeout=30).status_code == 200
    assert lab.send(browser, "/logout", "/account").status_code == 302
    until(lambda: requests.get(lab.url + "/api/runs", cookies=stolen, timeout=30).status_code == 401)


def test_a_wrong_password_is_recorded_as_refused(lab: Lab) -> None:
    name = "mallory"
    assert "Please enter a correct username and password" in lab.sign_in(name, "wrong")[1].text

    def lines(result: str) -> int:
        filters = {"user": name, "result": result}
        page = lab.session("root").get(f"{lab.url}/changes", params=filters, timeout=30)
        return page.text.count("<bdi>/login</bdi>")

    until(lambda: lines("refused") == 1)
    assert lines("done") == 0


def test_an_invitation_is_valid_once_and_its_password_has_to_be_good(lab: Lab) -> None:
    address = lab.command("add", "newcomer", "--role", "read")
    assert address.startswith(lab.url + "/invitations/")
    path, browser, password = address.removeprefix(lab.url), requests.Session(), secret()
    for bad in ("short", "1234567890123", "password123", "newcomer12"):
        assert lab.send(browser, path, new_password1=bad, new_password2=bad).status_code == 200
    answer = lab.send(browser, path, new_password1=password, new_password2=password)
    assert answer.status_code == 302 and browser.get(lab.url + "/api/runs", timeout=30).status_code == 200
    assert requests.get(address, timeout=30).status_code == 410
    assert lab.sign_in("newcomer", password)[1].status_code == 302
    assert "newcomer" in lab.command("list")
    file = lab.home / "data" / "server.sqlite3"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and password.encode() not in file.read_bytes()


def test_a_new_token_and_a_new_password_are_valid_at_once(lab: Lab) -> None:
    path, password = lab.command("add", "hurried").removeprefix(lab.url), secret()
    token, browser = lab.token("rita", "read", "hurried"), requests.Session()
    assert lab.status(token, "GET", "/api/runs") == 200  # the server has just read users and tokens
    answer = lab.send(browser, path, new_password1=password, new_password2=password)
    assert answer.status_code == 302 and browser.get(lab.url + "/api/runs", timeout=30).status_code == 200
    assert lab.status(lab.token("rita", "read", "at-once"), "GET", "/api/runs") == 200


def test_a_name_is_locked_for_an_address_after_five_wrong_passwords(lab: Lab) -> None:
    address = "192.0.2.1"
    answers = [lab.sign_in("wu", "wrong", address)[1].status_code for _ in range(6)]
    assert answers == [403, 403, 403, 403, 429, 429]
    locked = lab.sign_in("wu", address=address)[1]
    assert (locked.status_code, locked.headers["Retry-After"]) == (429, "900")
    assert "Try again in 15 minutes" in locked.text
    assert lab.sign_in("ada", address=address)[1].status_code == 302


def test_wrong_old_passwords_lock_the_change_of_a_password_and_the_sign_in(lab: Lab) -> None:
    browser, password, address = lab.session("root"), secret(), "192.0.2.2"
    browser.headers["X-Forwarded-For"] = address

    def change(old: str) -> requests.Response:
        fields = {"old_password": old, "new_password1": password, "new_password2": password}
        return lab.send(browser, "/account/password", "/account", **fields)

    try:
        assert [change(f"wrong {number}").status_code for number in range(5)] == [400, 400, 400, 400, 429]
        locked = change(lab.passwords["root"])
        assert (locked.status_code, locked.headers["Retry-After"]) == (429, "900")
        assert lab.sign_in("root", address=address)[1].status_code == 429
        page = browser.get(f"{lab.url}/admin/password_change/", allow_redirects=False, timeout=30)
        assert (page.status_code, page.headers["Location"]) == (302, "/account")
    finally:
        del browser.headers["X-Forwarded-For"]
    assert lab.sign_in("root")[1].status_code == 302


def test_many_sign_ins_from_an_address_wait_for_a_minute_without_other_limits_too(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    viewer = start_viewer(folder, "--users", RUNICORN_RATE_LIMIT="off")
    busy, browser = Lab(viewer, home, {}), requests.Session()
    answers: list[requests.Response] = []

    def sign_in() -> int:
        answers.append(busy.send(browser, "/login", username=f"user{len(answers)}"))
        return answers[-1].status_code

    served, refused = until_refused(sign_in, 20)
    assert (served[0], refused) == (403, 429)
    assert "Too many sign-ins from your address. Try again in a minute." in answers[-1].text
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61


def test_a_disabled_user_is_signed_out_and_their_token_is_refused(lab: Lab) -> None:
    secret = lab.token("bo", "read")
    assert lab.status(secret, "GET", "/api/runs") == 200
    lab.command("disable", "bo")
    until(lambda: lab.session("bo").get(lab.url + "/api/runs", timeout=30).status_code == 401)
    assert lab.status(secret, "GET", "/api/runs") == 401
    assert lab.sign_in("bo")[1].status_code == 403
    lab.command("enable", "bo")
    until(lambda: lab.status(secret, "GET", "/api/runs") == 200)
    assert lab.sessions.pop("bo").get(lab.url + "/api/runs", timeout=30).status_code == 401


def test_a_new_password_ends_the_other_sessions(lab: Lab) -> None:
    here, other = lab.sign_in("cy")[0], lab.sign_in("cy")[0]
    password = secret()
    fields = {"old_password": lab.passwords["cy"], "new_password1": password, "new_password2": password}
    assert lab.send(here, "/account/password", "/account", **fields).status_code == 302
    until(lambda: other.get(lab.url + "/api/runs", timeout=30).status_code == 401)
    assert here.get(lab.url + "/api/runs", timeout=30).status_code == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to another user")
def test_the_users_of_another_user_of_the_machine_are_left_alone(home: Path) -> None:
    os.makedirs(home / "data")
    os.chown(home / "data", 65534, 65534)
    process = run_module(["runicorn", "user", "list"], environment(home), PROJECT)
    assert (process.returncode, "Traceback" in process.stderr) == (1, False)
    assert "is not a directory of this user" in process.stderr


def test_the_last_administrator_cannot_be_removed(lab: Lab) -> None:
    browser = lab.session("root")
    key = (
        browser.get(lab.url + "/users", timeout=30)
        .text.split("<bdi>root</bdi>")[0]
        .rpartition('id="user-')[2]
    )
    for action in (f"/users/{int(key.partition(chr(34))[0])}/{name}" for name in ("disable", "role")):
        answer = lab.send(browser, action, "/users", role="read")
        assert answer.status_code == 400 and "At least one administrator must remain" in answer.text


def test_a_refused_form_keeps_what_was_typed(lab: Lab) -> None:
    for path, page, fields in (
        ("/users/invite", "/users", {"name": "ada", "role": "curate"}),
        ("/users/groups", "/users", {"group": "vision", "role": "", "project": "a/b"}),
        ("/users/access", "/users", {"project": "a/b"}),
        ("/account/tokens", "/account", {"name": "a/b", "scope": "read", "expires": "30d"}),
    ):
        answer = lab.send(lab.session("root"), path, page, **fields)
        assert answer.status_code == 400, path
        assert values_of_form(answer.text, path).items() >= fields.items(), path


def values_of_form(page: str, action: str) -> dict[str, str]:
    """Return the values in the last form with this action."""
    values: dict[str, str] = {}
    for element in Markup(page).elements:
        parents = {parent.tag: parent.attributes for parent in element.parents}
        if parents.get("form", {}).get("action") == action:
            if element.tag == "input":
                values[element.attributes["name"]] = element.attributes.get("value", "")
            elif element.tag == "option" and "selected" in element.attributes:
                values[parents["select"]["name"]] = element.attributes["value"]
    return values


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_the_login_page_redirects_to_this_site_only(lab: Lab, target: str) -> None:
    browser = requests.Session()
    answer = lab.send(browser, "/login", username="ada", password=lab.passwords["ada"], next=target)
    assert answer.headers["Location"] == "/"
