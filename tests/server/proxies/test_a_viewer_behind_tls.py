"""nginx and Caddy with TLS in front: cookies, sockets, links, the client, uploads, and a prefix that is a route too."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from websockets.sync.client import connect

from runicorn import api
from tests import programs
from tests.certificates import certify
from tests.pages.conftest import CHARTED
from tests.processes import PROJECT, Viewer, free_port, train
from tests.secrecy import holds
from tests.server.proxies.conftest import LOCATION, NGINX, TOKEN, filled, folders
from tests.server.proxies.test_programs_below_a_prefix import SCRIPT
from tests.waiting import until

PREFIX = "/runs"
"""Removed by nginx; pages of the viewer begin with it too."""
CADDY = """
{{
    admin off
    auto_https off
    storage file_system {folder}/caddy
}}
https://localhost:{port} {{
    tls {folder}/cert.pem {folder}/key.pem
    reverse_proxy 127.0.0.1:{viewer} {{
        header_up -X-Forwarded-For
        header_up -X-Forwarded-Host
        header_up -X-Forwarded-Proto
        header_up Forwarded "for={{remote_host}};host={{hostport}};proto=https"
    }}
}}
"""
"""It reports by `Forwarded` alone."""


@dataclass(frozen=True)
class Secure:
    """A viewer as its users reach it, with the certificate of the proxy."""

    url: str
    viewer: Viewer
    certificate: Path

    def get(self, path: str, **more: object) -> requests.Response:
        return requests.get(self.url + path, verify=self.certificate, timeout=30, **more)  # type: ignore[arg-type]


def proxy(kind: str, home: Path, port: int, viewer: Viewer) -> list[str]:
    """Write the configuration of a proxy, and return its command."""
    program = programs.find(kind)
    assert program is not None
    file = home / f"{kind}.conf"
    if kind == "caddy":
        file.write_text(CADDY.format(folder=home, port=port, viewer=viewer.port), encoding="ascii")
        return [program, "run", "--adapter", "caddyfile", "--config", str(file)]
    tls = f"ssl_certificate {home}/cert.pem; ssl_certificate_key {home}/key.pem;"
    location = tls + LOCATION.format(prefix=PREFIX, port=viewer.port)
    text = NGINX.format(folder=home, port=f"{port} ssl", location=location)
    file.write_text(text, encoding="ascii")
    return [program, "-p", str(home), "-c", str(file)]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.needs(name, "openssl")) for name in ("nginx", "caddy")],
)
def secure(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """A viewer behind each of the proxies; behind nginx below a path."""
    root, home = folders(tmp_path_factory)
    certificate = certify(home)
    holds(home / "token").write_text(TOKEN, encoding="ascii")
    viewer = Viewer(root, home, "--token", str(home / "token"), "--trusted-proxy", "127.0.0.1")
    port = free_port()
    with (home / "proxy.log").open("wb") as log:
        server = subprocess.Popen(
            proxy(request.param, home, port, viewer), cwd=PROJECT, stdout=log, stderr=log
        )
    prefix = PREFIX if request.param == "nginx" else ""
    instance = Secure(f"https://localhost:{port}{prefix}", viewer, certificate)
    try:
        filled(viewer.wait_until_it_answers())
        until(lambda: is_there(instance))
        yield instance
    finally:
        server.terminate()
        server.wait(60)
        viewer.stop()


def is_there(secure: Secure) -> bool:
    try:
        return secure.get("/healthz").status_code == 200
    except (requests.ConnectionError, requests.Timeout):
        return False


def test_a_browser_signs_in_with_a_secure_cookie_and_opens_a_socket(secure: Secure) -> None:
    browser = requests.Session()
    browser.trust_env, browser.verify = False, str(secure.certificate)
    form = {"token": TOKEN, "next": "/"}
    answer = browser.post(f"{secure.url}/token", data=form, allow_redirects=False, timeout=30)
    assert answer.status_code == 303
    assert "; Secure" in answer.headers["Set-Cookie"]
    page = browser.get(f"{secure.url}/runs/{CHARTED}", timeout=30)
    assert page.status_code == 200 and f"/runs/{CHARTED}/live" in page.text
    (cookie,) = [item for item in browser.cookies if item.name.startswith("runicorn_token")]
    assert cookie.secure and cookie.path == (PREFIX if secure.url.endswith(PREFIX) else "/")
    headers = {"Cookie": f"{cookie.name}={cookie.value}", "Origin": secure.url.removesuffix(PREFIX)}
    context = ssl.create_default_context(cafile=str(secure.certificate))
    address = f"{secure.url.replace('https', 'wss')}/runs/{CHARTED}/live"
    with connect(address, ssl=context, additional_headers=headers) as socket:
        assert '"type":' in str(socket.recv(timeout=30))


def test_the_client_and_uploads_go_through_tls(
    secure: Secure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = {"SSL_CERT_FILE": str(secure.certificate), "REQUESTS_CA_BUNDLE": str(secure.certificate)}
    (tmp_path / "store").mkdir()
    settings = {"RUNICORN_URL": secure.url, "RUNICORN_TOKEN": TOKEN, **trusted}
    training = train(SCRIPT, tmp_path / "store", tmp_path / "home", **settings)
    output, errors = training.communicate(timeout=120)
    assert training.returncode == 0, errors
    for name, path in trusted.items():
        monkeypatch.setenv(name, path)
    with api.connect(secure.url, token=TOKEN) as client:
        until(lambda: output.strip() in {run["id"] for run in client.list_experiments(project="vision")})
        share = client.shares.create("run", CHARTED)
    assert share["url"].startswith(f"{secure.url}/s/")
    assert requests.get(share["url"], verify=secure.certificate, timeout=30).status_code == 200
