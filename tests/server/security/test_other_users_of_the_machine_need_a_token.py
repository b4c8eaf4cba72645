from __future__ import annotations

import os
import pwd
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

import runicorn.api as api
from runicorn_site.security import accounts, peer
from tests.processes import Viewer, environment
from tests.secrecy import holds
from tests.server.security.other_user import OTHER_UID, needs_root, status_for
from tests.server.site.wire import get, handshake

SOCKET = "/api/runs/20250101_000000_abcdef/logs/ws"
SHARED = {"RUNICORN_OTHER_USERS": "yes", "RUNICORN_RATE_LIMIT": "off"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer on a machine that other people use."""
    home = tmp_path_factory.mktemp("home")
    (home / "store").mkdir()
    viewer = Viewer(home / "store", home, **SHARED)
    yield viewer.wait_until_it_answers()
    viewer.stop()


def token_of(viewer: Viewer) -> str:
    """The token that the viewer made."""
    return holds(viewer.log.parent / "data" / f"token-{viewer.port}").read_text(encoding="ascii")


def runicorn_open(viewer: Viewer, *options: str) -> subprocess.CompletedProcess[str]:
    """What `runicorn open` prints to the viewer's owner."""
    command = [sys.executable, "-m", "runicorn", "open", "--print", *options]
    home = viewer.log.parent
    return subprocess.run(command, env=environment(home), cwd=home, capture_output=True, text=True)


def account(name: str, uid: int, shell: str = "/bin/bash") -> SimpleNamespace:
    """An entry of the password database."""
    return SimpleNamespace(pw_name=name, pw_uid=uid, pw_shell=shell)


@needs_root
def test_another_user_is_refused_and_the_owner_is_not_asked(shared: Viewer) -> None:
    url = f"{shared.url}/api/health"
    assert status_for(OTHER_UID, url) == 401
    assert status_for(OTHER_UID, f"{shared.url}/") == 401
    assert status_for(OTHER_UID, f"{shared.url}/api/runs/tags", "--json", "{}") == 401
    assert status_for(os.geteuid(), url) == 200
    assert handshake(shared.port, SOCKET) == 101


@needs_root
def test_another_user_with_the_token_gets_in(shared: Viewer) -> None:
    line = f"Authorization: Bearer {token_of(shared)}"
    assert status_for(OTHER_UID, f"{shared.url}/api/health", "--header", line) == 200


CLOSE_AT_ONCE = """
import socket, sys
body = b'{"path": "/tmp"}'
head = b"POST /api/config/user_root_dir HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Type: application/json\\r\\n"
for _ in range(30):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
        connection.sendall(head + b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
"""


@needs_root
def test_another_user_gets_nothing_done_by_closing_at_once(shared: Viewer) -> None:
    command = ["/usr/bin/python3", "-c", CLOSE_AT_ONCE, str(shared.port)]
    subprocess.run(command, user=OTHER_UID, cwd="/", check=True, timeout=60)
    assert shared.get("/api/config").json()["storage"] == str(shared.root)


@needs_root
def test_another_user_opens_no_socket(shared: Viewer) -> None:
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    lines = upgrade | {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    options = [part for name, value in lines.items() for part in ("--header", f"{name}: {value}")]
    assert status_for(OTHER_UID, f"{shared.url}{SOCKET}", "--http1.1", *options) == 403


@needs_root
def test_another_user_cannot_read_the_token(shared: Viewer) -> None:
    path = shared.log.parent / "data" / f"token-{shared.port}"
    assert (path.stat().st_mode & 0o777, path.stat().st_uid) == (0o600, os.geteuid())


def test_a_proxy_of_the_owner_is_not_treated_as_the_owner(shared: Viewer) -> None:
    assert get(shared.port, "/api/health").status == 200
    assert get(shared.port, "/api/health", "X-Forwarded-For: 10.0.0.7").status == 401
    body = ("Content-Length: 2", "Content-Type: application/json", "Forwarded: for=10.0.0.7")
    assert get(shared.port, "/api/runs/tags", *body, method="POST").status == 401


def test_a_request_of_a_closed_connection_has_no_user() -> None:
    # The kernel gives a socket that its process has closed to root.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        ends = client.getsockname(), listening.getsockname()
        with listening.accept()[0]:
            assert peer.uid_of(*ends) == os.geteuid()
            client.shutdown(socket.SHUT_WR)
            assert peer.uid_of(*ends) == os.geteuid()
            client.close()
            assert peer.uid_of(*ends) is None


@needs_root
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_connection_belongs_to_the_user_who_made_it(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connect = "import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2]))); s.recv(1)"
    with socket.create_server((address, 0), family=family) as listening:
        here = listening.getsockname()[:2]
        for uid in (OTHER_UID, 1234, os.geteuid()):
            process = subprocess.Popen(
                ["/usr/bin/python3", "-c", connect, address, str(here[1])], user=uid, cwd="/"
            )
            connection, there = listening.accept()
            with connection:
                assert peer.uid_of(there[:2], here) == uid
            process.wait(60)


def test_the_overflow_uid_belongs_to_no_user() -> None:
    overflow = int(Path("/proc/sys/kernel/overflowuid").read_text())
    assert peer.can_identify(os.geteuid()) and not peer.can_identify(overflow)


def test_addresses_of_other_machines_have_no_user() -> None:
    assert peer.uid_of(("192.0.2.1", 1), ("127.0.0.1", 2)) is None
    assert peer.uid_of(("nonsense", 1), ("127.0.0.1", 2)) is None
    assert peer.uid_of(("127.0.0.1", 1), ("127.0.0.1", 1)) is None


def test_no_token_lets_everybody_in_who_can_reach_the_viewer(start_viewer: Callable[..., Viewer]) -> None:
    viewer = start_viewer(RUNICORN_OTHER_USERS="yes")
    assert "they are asked for a token" in viewer.output and "?once=" in viewer.output
    viewer.stop()
    assert not re.search(r"\?once=", (open_ := start_viewer(viewer.root, "--no-token", **SHARED)).output)
    assert "act as you" in open_.output
    if os.geteuid() == 0:
        assert status_for(OTHER_UID, f"{open_.url}/api/health") == 200


def test_on_a_machine_of_one_user_nothing_is_asked(viewer: Viewer) -> None:
    assert "token" not in viewer.output and viewer.get("/api/health").status_code == 200


def test_an_explicit_token_is_asked_of_the_owner_too(start_viewer: Callable[..., Viewer]) -> None:
    viewer = start_viewer(RUNICORN_TOKEN="auto", **SHARED)
    assert viewer.get("/api/health").status_code == 401


def test_runicorn_open_prints_a_link_that_works_once(shared: Viewer) -> None:
    printed = runicorn_open(shared, "--port", str(shared.port))
    link = printed.stdout.strip()
    assert printed.returncode == 0 and link.startswith(f"{shared.url}/?once=")
    path = link.removeprefix(shared.url)
    proxied = "X-Forwarded-For: 10.0.0.7"  # so that the owner's UID does not open it
    assert get(shared.port, path, proxied).status == 303
    assert get(shared.port, path, proxied).status == 401
    assert runicorn_open(shared, "--port", "1").returncode == 4


def test_the_client_finds_the_token_of_its_users_viewer(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    viewer = start_viewer(RUNICORN_TOKEN="auto")
    with api.connect(viewer.url) as client:
        assert client.list_experiments() == []
    with pytest.raises(api.AuthenticationError):
        api.connect(viewer.url, token="another")
    viewer.stop()
    with pytest.raises(api.ConnectionError):
        api.connect(viewer.url, max_retries=0)


def test_an_address_with_a_secret_is_in_no_command_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from runicorn_tools.cli.support import browser

    urls: list[str] = []
    monkeypatch.setattr(browser.webbrowser, "open", lambda url: urls.append(url) or True)
    assert browser.open_privately("http://127.0.0.1:1/?once=the-secret")
    assert browser.open_privately("http://127.0.0.1:1")
    assert urls[0].startswith("file://") and "the-secret" not in urls[0]
    page = Path(urls[0].removeprefix("file://"))
    assert page.stat().st_mode & 0o777 == 0o600 and "?once=the-secret" in page.read_text()
    assert urls[1] == "http://127.0.0.1:1"


@pytest.mark.parametrize("options", [("--token", "auto"), ("--host", "0.0.0.0")])
def test_no_token_is_for_loopback_and_excludes_a_token(
    home: Path, folder: Path, options: tuple[str, ...]
) -> None:
    viewer = Viewer(folder, home, "--no-token", *options)
    assert viewer.process.wait(60) == 2


def test_an_unknown_setting_is_refused(home: Path, folder: Path) -> None:
    viewer = Viewer(folder, home, RUNICORN_OTHER_USERS="perhaps")
    assert viewer.process.wait(60) == 2
    assert "RUNICORN_OTHER_USERS must be auto, yes or no" in viewer.output


def test_users_are_accounts_with_a_login_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    all_accounts = [
        account("root", 0),
        account("daemon", 1, "/usr/sbin/nologin"),
        account("postgres", 105),
        account("me", 1000),
        account("alice", 1001),
        account("service", 1002, "/bin/false"),
        account("nobody", 65534, "/bin/sh"),
        account("bob", 1_000_000, ""),
    ]
    monkeypatch.setattr(pwd, "getpwall", lambda: all_accounts)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(accounts, "FOLDERS_OF_PEOPLE", ())
    assert accounts.other_people() == ["alice", "bob"]
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert accounts.other_people() == ["alice", "bob", "me"]
    definitions = tmp_path / "login.defs"
    definitions.write_text("# UID_MIN 1\nUID_MIN\t\t  100\n")
    assert accounts.first_uid(definitions) == 100
    assert accounts.first_uid(tmp_path / "missing") == 1000


@needs_root
def test_accounts_that_a_directory_does_not_list_are_found_by_their_folders(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "carol").mkdir()
    os.chown(tmp_path / "carol", 4242, 4242)
    monkeypatch.setattr(pwd, "getpwall", lambda: [account("root", 0)])
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: account("carol", uid))
    monkeypatch.setattr(accounts, "FOLDERS_OF_PEOPLE", (tmp_path,))
    assert accounts.other_people() == ["carol"]


def test_the_one_time_link_opens_a_browser(chromium: Any, guarded_link: tuple[str, str]) -> None:
    from tests.browser import careful_page

    url, link = guarded_link
    with careful_page(chromium, refused=(401,)) as page:
        page.goto(link)
        page.get_by_role("heading", level=1).wait_for()
        assert page.url == f"{url}/"
        page.goto(f"{url}/settings")
        assert page.title().startswith("Settings")


def test_a_page_of_another_origin_opens_it_too(
    chromium: Any, guarded_link: tuple[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runicorn_tools.cli.support import browser

    url, link = guarded_link
    opened: list[str] = []
    monkeypatch.setattr(browser.webbrowser, "open", lambda page: opened.append(page) or True)
    browser.open_privately(link)
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.goto(opened[0])
        page.wait_for_url(f"{url}/")
        assert "Runs" in page.title()
    finally:
        context.close()


@pytest.fixture
def guarded_link(start_viewer: Callable[..., Viewer]) -> tuple[str, str]:
    """The address of a viewer that asks every browser for its token, and a one-time link to it."""
    viewer = start_viewer(RUNICORN_TOKEN="auto")
    assert requests.get(viewer.url, timeout=10).status_code == 401
    return viewer.url, runicorn_open(viewer).stdout.strip()
