"""A viewer below a Jupyter server: one that runs already, and one that the Jupyter server starts itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.browser import careful_page
from tests.journeys.test_a_point_logged_after_the_page_was_opened_appears import Training
from tests.processes import Viewer, environment, free_port
from tests.sdk.integrations.libraries import needs_library
from tests.secrecy import holds
from tests.server.proxies.conftest import TOKEN
from tests.waiting import until

pytestmark = [pytest.mark.torture, needs_library("jupyter_server_proxy")]
PASSWORD = "jupyter-4f1c9b27"


@dataclass(frozen=True)
class Jupyter:
    """A Jupyter server, and where the two viewers are below it."""

    url: str
    addresses: dict[str, str]
    root: Path
    home: Path


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A Jupyter server with a viewer beside it, and a viewer that it starts at the first request."""
    home = tmp_path_factory.mktemp("home")
    root, started = home / "store", home / "started"
    for folder in (root, started):
        folder.mkdir()
    token = holds(home / "token")
    token.write_text(TOKEN, encoding="ascii")
    options = ("--token", str(token), "--trusted-proxy", "127.0.0.1")
    viewer = Viewer(root, home, *options, RUNICORN_RATE_LIMIT="off")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "runicorn",
        "viewer",
        "--storage",
        str(root),
        "--port",
        "{port}",
        "--no-open",
    ]
    own = environment(started, RUNICORN_RATE_LIMIT="off")
    server = {
        "command": [*command, *options],
        "timeout": 60,
        "environment": {"PYTHONPATH": own["PYTHONPATH"]},
    }
    configuration = home / "jupyter_server_config.py"
    configuration.write_text(f"c.ServerProxy.servers = {{'runicorn': {server!r}}}\n", encoding="utf-8")
    words = ["-m", "jupyter_server", f"--config={configuration}", f"--ServerApp.port={port}", "--no-browser"]
    words += [f"--IdentityProvider.token={PASSWORD}", "--allow-root", f"--ServerApp.root_dir={home}"]
    folders = {f"JUPYTER_{name}_DIR": str(home / "jupyter" / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    with (home / "jupyter.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *words], env=own | folders, cwd=home, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        viewer.wait_until_it_answers()
        until(lambda: answers(f"{url}/api"), timeout=120)
        addresses = {"beside": f"{url}/proxy/{viewer.port}", "started": f"{url}/runicorn"}
        yield Jupyter(url, addresses, root, home)
    finally:
        process.terminate()
        process.wait(30)
        viewer.stop()


def answers(url: str) -> bool:
    """Return whether a server answers."""
    try:
        return requests.get(url, timeout=30).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("where", ["beside", "started"])
def test_a_run_is_watched_below_the_jupyter_server(where: str, jupyter: Jupyter, chromium: Any) -> None:
    address = jupyter.addresses[where]
    training = Training(jupyter.root, jupyter.home)
    try:
        with careful_page(chromium, refused=[401]) as page:
            urls: list[str] = []
            page.on("request", lambda request: urls.append(request.url))
            page.on("websocket", lambda socket: urls.append(socket.url))
            assert page.goto(f"{jupyter.url}/api/status?token={PASSWORD}").ok
            urls.clear()
            page.goto(f"{address}/")
            page.get_by_label("Token").fill(TOKEN)
            page.get_by_role("button", name="Open").click()
            link = page.locator(f'a[href$="/runs/{training.run_id}"]').first
            until(lambda: link.count() or not page.reload())
            link.click()
            readout = page.locator('figure[data-name="loss"] output').first
            until(lambda: readout.text_content() == "0.1")
            training.tell("log 0.0625")
            until(lambda: readout.text_content() == "0.0625")
            cookies = {
                cookie["path"] for cookie in page.context.cookies() if cookie["name"].startswith("runicorn")
            }
        assert training.end() == 0
    finally:
        training.close()
    prefix = address.removeprefix(jupyter.url)
    paths = [address.partition("//")[2].partition("/")[2] for address in urls]
    assert len(paths) > 10 and not [path for path in paths if not f"/{path}".startswith(f"{prefix}/")]
    assert [address for address in urls if address.startswith("ws:") and "/live" in address]
    assert cookies == {prefix}


def test_programs_without_the_password_of_jupyter_reach_no_viewer(jupyter: Jupyter) -> None:
    for address in jupyter.addresses.values():
        answer = requests.get(f"{address}/api/runs", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
        assert answer.url.startswith(f"{jupyter.url}/login") or answer.status_code == 403
