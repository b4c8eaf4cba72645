"""Users whom others sign in: a reverse proxy in a header, and an OpenID Connect provider."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.processes import Viewer, environment, free_port
from tests.secrecy import secret
from tests.server.people.lab import Lab, add_users, recorded
from tests.waiting import until, until_refused

CLIENT = "runicorn"


def status(viewer: Viewer, path: str = "/api/runs", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(viewer.url + path, headers=named, allow_redirects=False, timeout=30).status_code


def test_a_trusted_proxy_names_the_user(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    options = ("--auth-header", "X-Remote-User", "--trusted-proxy", "127.0.0.1")
    viewer = start_viewer(folder, *options, RUNICORN_RATE_LIMIT="off")
    add_users(home, {"ada": ("curate", {}), "rita": ("read", {})})
    assert status(viewer) == 401
    # A new account is known within a second, the second one perhaps later than the first.
    until(lambda: status(viewer, X_Remote_User="ada", X_Forwarded_For="192.0.2.1") == 200)
    until(lambda: status(viewer, "/account", X_Remote_User="rita") == 200)
    assert status(viewer, "/settings", X_Remote_User="ada") == 403
    assert status(viewer, "/", X_Remote_User="nobody") == status(viewer, X_Remote_User="ada, root") == 403


def test_the_header_counts_from_the_trusted_proxy_only(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    viewer = start_viewer(folder, "--auth-header", "X-Remote-User", "--trusted-proxy", "192.0.2.0/24")
    add_users(home, {"ada": ("admin", {})})
    assert status(viewer, X_Remote_User="ada") == 401
    assert status(viewer, "/", X_Remote_User="ada") == 303


def test_a_proxy_signs_new_users_up_where_a_role_is_set(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    options = ("--auth-header", "X-Remote-User", "--trusted-proxy", "127.0.0.1")
    viewer = start_viewer(folder, *options, RUNICORN_SIGN_UP_ROLE="write-own")
    assert status(viewer, X_Remote_User="newcomer") == 200
    assert status(viewer, "/alerts/rules/new", X_Remote_User="newcomer") == 403
    line = until(lambda: recorded(home))[0]
    assert line.items() >= {"user": "newcomer", "method": "ADD", "address": "127.0.0.1"}.items()
    assert status(viewer, X_Remote_User="not a name") == 403
    for header, name in (
        ("josé".encode(), "josé"),
        ("jürgen".encode("latin-1"), "jürgen"),
        ("\u00a0newcomer".encode(), None),
        (b"\xa0newcomer", None),
    ):
        page = requests.get(f"{viewer.url}/account", headers={"X-Remote-User": header}, timeout=30)
        assert page.status_code == (200 if name else 403), header
        assert name is None or f"<bdi>{name}</bdi>" in page.text


def test_a_token_changes_no_account_and_no_token(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    options = ("--auth-header", "X-Remote-User", "--trusted-proxy", "127.0.0.1")
    viewer = start_viewer(folder, *options, RUNICORN_SIGN_UP_ROLE="admin")
    lab, browser, reader = Lab(viewer, home, {}), requests.Session(), requests.Session()
    browser.headers["X-Remote-User"] = "newcomer"
    response = lab.send(browser, "/account/tokens", "/account", name="ci", scope="read", expires="30d")
    (token,) = re.findall(r"rnc_[\w-]+", response.text)
    response = lab.send(browser, "/account/tokens", "/account", name="all", scope="admin", expires="30d")
    (wide,) = re.findall(r"rnc_[\w-]+", response.text)
    fields = {"new_password1": (password := secret()), "new_password2": password, "name": "ci", "id": "x"}
    for bearer in (token, wide):
        reader.headers["Authorization"] = f"Bearer {bearer}"
        assert reader.get(f"{viewer.url}/api/runs", timeout=30).status_code == 200
        for path in (
            *("/account/password", "/account/tokens", "/account/tokens/revoke", "/account/shares/revoke"),
            *("/users/invite", "/users/1/role", "/users/access", "/users/groups"),
            *("/settings/shares/revoke", "/settings/sessions/end", "/admin/password_change/"),
        ):
            # The page of the sign-in has the CSRF cookie and the field.
            assert lab.send(reader, path, "/login", **fields).status_code == 403, path
        for path in ("/account", "/users", "/admin/"):
            assert reader.get(viewer.url + path, timeout=30).status_code == 403, path
    assert lab.sign_in("newcomer", password)[1].status_code == 403, "no password was set"
    assert lab.send(browser, "/account/password", "/account", **fields).status_code == 302
    assert lab.sign_in("newcomer", password)[1].status_code == 302


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a real provider on loopback; it requires a nonce."""
    url = f"http://localhost:{(port := free_port())}"
    # A process of its own: its libraries warn when they are imported.
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port), "-n", "true"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(f"{url}/.well-known/openid-configuration"), timeout=60)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def visit_provider(
    lab: Lab, provider: str, user: str, **claims: Any
) -> tuple[requests.Session, requests.Response]:
    """Sign in at the provider as a browser does; return the session and the last response."""
    requests.put(f"{provider}/users/{user}", json=claims, timeout=30).raise_for_status()
    browser = requests.Session()
    form = browser.get(f"{lab.url}/login/oidc", timeout=30)
    assert form.url.startswith(f"{provider}/oauth2/authorize"), form.text
    answer = browser.post(form.url, data={"sub": user}, timeout=30)
    return browser, answer


def test_a_provider_signs_users_in(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path, provider: str
) -> None:
    viewer = start_viewer(
        folder,
        "--users",
        RUNICORN_OIDC_ISSUER=provider,
        RUNICORN_OIDC_CLIENT_ID=CLIENT,
        RUNICORN_OIDC_CLIENT_SECRET=secret(),
        RUNICORN_SIGN_UP_ROLE="read",
    )
    lab = Lab(viewer, home, add_users(home, {"root": ("admin", {})}))
    browser, answer = visit_provider(lab, provider, "subject-1", preferred_username="grace")
    assert answer.url == f"{lab.url}/"
    assert "<bdi>grace</bdi>" in browser.get(f"{lab.url}/account", timeout=30).text
    # The name may change at the provider, and is no way into another account.
    again, _ = visit_provider(lab, provider, "subject-1", preferred_username="hopper")
    assert "<bdi>grace</bdi>" in again.get(f"{lab.url}/account", timeout=30).text
    for name in ("root", "Grace"):
        other, answer = visit_provider(lab, provider, f"subject-{name}", preferred_username=name)
        assert answer.status_code == 403 and "You have no account here" in answer.text
        assert other.get(f"{lab.url}/api/runs", timeout=30).status_code == 401
    lab.command("disable", "grace")
    assert visit_provider(lab, provider, "subject-1", preferred_username="grace")[1].status_code == 403
    until(lambda: {("grace", 302), ("root", 403)} <= {(c["user"], c["status"]) for c in recorded(home)})


def test_an_answer_of_the_provider_for_another_browser_is_refused(
    start_viewer: Callable[..., Viewer], folder: Path, provider: str
) -> None:
    viewer = start_viewer(
        folder,
        "--users",
        RUNICORN_OIDC_ISSUER=provider,
        RUNICORN_OIDC_CLIENT_ID=CLIENT,
        RUNICORN_SIGN_UP_ROLE="read",
    )
    answer = requests.get(
        f"{viewer.url}/login/oidc/callback?code=x&state=y", allow_redirects=False, timeout=30
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?notice=provider")
    assert "The provider did not sign you in" in viewer.get("/login?notice=provider").text


def test_all_sign_ins_of_an_address_are_limited(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    lab = Lab(start_viewer(folder, "--users"), home, {})
    names, browser = (f"name-{number}" for number in count()), requests.Session()
    # Without a password: twenty that are compared take longer than a window of the limit on a busy machine.
    served, refused = until_refused(
        lambda: lab.send(browser, "/login", username=next(names), password="").status_code, 20
    )
    assert (served[0], refused) == (403, 429)


FIRST_SIGN_INS = """
import django
django.setup()
from people import services
from runicorn_site.database.durable import prepare_durable

def meanwhile(name):
    services.sign_up = sign_up
    others.append(services.user_of_identity("https://provider", "7", name))
    return sign_up(name)

prepare_durable()
others, sign_up, services.sign_up = [], services.sign_up, meanwhile
user = services.user_of_identity("https://provider", "7", "ada")
assert user is not None and [user] == others
"""


def test_a_first_sign_in_by_a_provider_may_be_sent_twice(tmp_path: Path) -> None:
    users = {"RUNICORN_USERS": "yes", "RUNICORN_SIGN_UP_ROLE": "read"}
    surroundings = environment(tmp_path, DJANGO_SETTINGS_MODULE="runicorn_site.settings", **users)
    subprocess.run([sys.executable, "-c", FIRST_SIGN_INS], env=surroundings, check=True, timeout=60)
