"""Viewers below a path: by `--base-path`, and by a prefix that nginx removes and reports."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests import programs
from tests.pages.conftest import fill
from tests.processes import PROJECT, Viewer, free_port
from tests.secrecy import holds
from tests.waiting import until

BASE = "/lab/runicorn"
PREFIX = "/user/ada@example/runs"
TOKEN = "9d2c4be17f0a46d38e51c07ab93f6e24"
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port};
{location}
  }}
}}
"""
LOCATION = """
location {prefix}/ {{
    proxy_pass http://127.0.0.1:{port}/;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Prefix {prefix};
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    client_max_body_size 0;
}}
"""


class MountedViewer(Viewer):
    """A viewer whose addresses begin with `BASE`."""

    @property
    def url(self) -> str:
        """The address that it prints."""
        return f"http://127.0.0.1:{self.port}{BASE}"

    @url.setter
    def url(self, value: str) -> None: ...


@dataclass(frozen=True)
class Site:
    """A viewer as its users reach it."""

    url: str
    viewer: Viewer
    token: str = ""

    @property
    def prefix(self) -> str:
        """The path of its address."""
        return "/" + self.url.split("/", 3)[3]

    @property
    def session(self) -> requests.Session:
        """A client with the token."""
        session = requests.Session()
        session.headers["Accept"] = "text/html,*/*"
        if self.token:
            session.headers["Authorization"] = f"Bearer {self.token}"
        return session


def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a new store with runs, and a home."""
    root, home = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("home")
    fill(root)
    return root, home


def filled(viewer: Viewer) -> None:
    """Wait until the viewer has found the runs of its store."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    until(lambda: viewer.get("/api/runs?limit=1", headers=headers).headers.get("X-Total-Count") == "19")


@pytest.fixture(scope="session")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A viewer with `--base-path`."""
    root, home = folders(tmp_path_factory)
    viewer = MountedViewer(root, home, "--base-path", f"{BASE}/", RUNICORN_RATE_LIMIT="off")
    try:
        filled(viewer.wait_until_it_answers())
        yield Site(viewer.url, viewer)
    finally:
        viewer.stop()


@pytest.fixture(scope="session")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A viewer with a token behind nginx, which removes a prefix and reports it."""
    nginx = programs.find("nginx")
    assert nginx is not None
    root, home = folders(tmp_path_factory)
    holds(home / "token").write_text(TOKEN, encoding="ascii")
    options = ("--token", str(home / "token"), "--trusted-proxy", "127.0.0.1/32")
    viewer = Viewer(root, home, *options)
    port = free_port()
    configuration = home / "nginx.conf"
    location = LOCATION.format(prefix=PREFIX, port=viewer.port)
    configuration.write_text(NGINX.format(folder=home, port=port, location=location), encoding="utf-8")
    server = subprocess.Popen([nginx, "-p", str(home), "-c", str(configuration)], cwd=PROJECT)
    try:
        filled(viewer.wait_until_it_answers())
        site = Site(f"http://127.0.0.1:{port}{PREFIX}", viewer, TOKEN)
        until(lambda: answers(f"{site.url}/healthz"))
        yield site
    finally:
        server.terminate()
        server.wait(60)
        viewer.stop()


def answers(url: str) -> bool:
    """Return whether a server answers."""
    try:
        return requests.get(url, timeout=5).status_code == 200
    except (requests.ConnectionError, requests.Timeout):
        return False


@pytest.fixture(params=["base-path", pytest.param("nginx", marks=pytest.mark.needs("nginx"))])
def site(request: pytest.FixtureRequest) -> Site:
    """Each of the two."""
    site: Site = request.getfixturevalue("mounted" if request.param == "base-path" else "proxied")
    return site
