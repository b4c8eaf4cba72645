"""A user in Chromium behind nginx and Caddy with TLS: signs in, watches a run over wss, and shares it."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import programs
from tests.browser import careful_page, launch
from tests.certificates import certify
from tests.journeys.test_a_point_logged_after_the_page_was_opened_appears import Training
from tests.processes import PROJECT, free_port
from tests.server.people.lab import ROLES, Lab, add_users
from tests.server.proxies.conftest import BASE, NGINX, MountedViewer
from tests.server.shares.test_users_share_what_they_see import shared
from tests.waiting import until

pytestmark = [pytest.mark.torture, pytest.mark.needs("nginx", "caddy", "openssl")]
PASSED_ON = """
ssl_certificate {folder}/cert.pem;
ssl_certificate_key {folder}/key.pem;
location {prefix}/ {{
    proxy_pass http://127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
}}
"""
CADDY = """
{{
    admin off
    auto_https off
    storage file_system {folder}/caddy
}}
https://localhost:{port} {{
    tls {folder}/cert.pem {folder}/key.pem
    redir {prefix} {prefix}/
    reverse_proxy {prefix}/* 127.0.0.1:{viewer}
}}
"""
"""As in docs/guides/server.md."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A viewer with users and `--base-path`, which trusts proxies on this machine."""
    home = tmp_path_factory.mktemp("home")
    (home / "store").mkdir()
    options = ("--users", "--base-path", BASE, "--trusted-proxy", "127.0.0.1")
    viewer = MountedViewer(home / "store", home, *options, RUNICORN_RATE_LIMIT="off")
    try:
        yield Lab(viewer.wait_until_it_answers(), home, add_users(home, {"root": ROLES["root"]}))
    finally:
        viewer.stop()


@pytest.fixture(scope="module")
def sites(lab: Lab) -> Iterator[dict[str, str]]:
    """The address of the viewer behind each of the proxies."""
    home = lab.home
    certify(home)
    ports = {"nginx": free_port(), "caddy": free_port()}
    location = PASSED_ON.format(folder=home, prefix=BASE, port=lab.viewer.port)
    nginx = NGINX.format(folder=home, port=f"{ports['nginx']} ssl", location=location)
    (home / "nginx.conf").write_text(nginx, encoding="ascii")
    caddy = CADDY.format(folder=home, port=ports["caddy"], viewer=lab.viewer.port, prefix=BASE)
    (home / "Caddyfile").write_text(caddy, encoding="ascii")
    commands = {
        "nginx": ("-p", str(home), "-c", str(home / "nginx.conf")),
        "caddy": ("run", "--adapter", "caddyfile", "--config", str(home / "Caddyfile")),
    }
    with ExitStack() as ends:
        for name, words in commands.items():
            log = ends.enter_context((home / f"{name}.log").open("wb"))
            command = [programs.find(name) or name, *words]
            process = subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=log)
            ends.callback(process.wait, 10)
            ends.callback(process.terminate)
        yield {name: f"https://localhost:{port}{BASE}" for name, port in ports.items()}


def fingerprint(certificate: Path) -> str:
    """Return the digest of the public key of a certificate, as Chromium takes it."""
    openssl = programs.find("openssl") or "openssl"
    key = subprocess.check_output([openssl, "x509", "-in", str(certificate), "-noout", "-pubkey"])
    der = subprocess.check_output([openssl, "pkey", "-pubin", "-outform", "der"], input=key)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


@pytest.fixture(scope="module")
def trusting(sites: dict[str, str], lab: Lab) -> Iterator[Any]:
    """A browser that trusts the key of the proxies, and no other without a valid certificate."""
    program = programs.browser()
    assert program is not None
    spki_hash = fingerprint(lab.home / "cert.pem")
    with launch(program, f"--ignore-certificate-errors-spki-list={spki_hash}") as browser:
        yield browser


@pytest.mark.parametrize("proxy", ["nginx", "caddy"])
def test_a_user_signs_in_watches_and_shares_a_run_over_tls(
    proxy: str, sites: dict[str, str], lab: Lab, trusting: Any
) -> None:
    url = sites[proxy]
    until(lambda: is_there(trusting, url))
    training = Training(lab.viewer.root, lab.home)
    until(lambda: training.run_id in lab.session("root").get(f"{lab.url}/api/runs", timeout=30).text)
    try:
        with careful_page(trusting) as page:
            urls: list[str] = []
            page.on("request", lambda request: urls.append(request.url))
            page.on("websocket", lambda socket: urls.append(socket.url.partition("?")[0]))
            page.goto(f"{url}/")
            page.get_by_label("Username").fill("root")
            page.get_by_label("Password").fill(lab.passwords["root"])
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"{url}/")
            page.locator(f'a[href$="/runs/{training.run_id}"]').first.click()
            value = page.locator('figure[data-name="loss"] output').first
            until(lambda: value.text_content() == "0.1")
            training.tell("log 0.0625")
            until(lambda: value.text_content() == "0.0625")
            assert training.end() == 0
            assert f"{url.replace('https', 'wss')}/runs/{training.run_id}/live" in urls
            public = shared(page)
            page.goto(f"{url}/users")
            page.get_by_label("User name").fill(f"ada-{proxy}")
            page.get_by_role("button", name="Invite").click()
            invitation = page.locator("#invitation-link").inner_text()
            links = page.locator("a[href]").evaluate_all("links => links.map((link) => link.href)")
            cookies = page.context.cookies()
            page.goto(f"{url}/account")
            page.get_by_role("button", name="Sign out").click()
            page.get_by_role("button", name="Sign in").wait_for()
        with careful_page(trusting) as guest:
            guest.goto(public)
            guest.locator("figure canvas").first.wait_for()
            guest.goto(invitation)
            guest.get_by_label("New password", exact=True).wait_for()
    finally:
        training.close()
    assert {urlsplit(address).scheme for address in urls} <= {"https", "wss", "data", "blob"}
    own = [
        address
        for address in (*urls, *links, public, invitation)
        if urlsplit(address).netloc == urlsplit(url).netloc
    ]
    assert len(own) > 10
    assert not [address for address in own if not urlsplit(address).path.startswith(f"{BASE}/")]
    assert public.startswith(f"{url}/s/") and invitation.startswith(f"{url}/")
    assert {(cookie["secure"], cookie["path"]) for cookie in cookies} == {(True, BASE)}


def is_there(browser: Any, url: str) -> bool:
    """Return whether the proxy passes requests on."""
    from playwright.sync_api import Error

    page = browser.new_page()
    try:
        return bool(page.goto(f"{url}/healthz").ok)
    except Error:
        return False
    finally:
        page.close()
