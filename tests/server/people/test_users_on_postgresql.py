from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.postgresql import postgresql
from tests.processes import PROJECT, Viewer, environment, run_module
from tests.secrecy import secret
from tests.server.people.lab import Lab
from tests.waiting import until


@pytest.mark.needs("initdb", "pg_ctl")
def test_two_servers_share_users_and_sessions(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    with postgresql() as server:
        database = {"RUNICORN_DATABASE_URL": server.create("lab")}
        # Before the first start of a viewer, the database is empty.
        added = run_module(["runicorn", "user", "add", "ada"], environment(home, **database), PROJECT)
        assert added.returncode == 0, added.stderr
        path = "/" + added.stdout.strip().partition("//")[2].partition("/")[2]
        first, second = (start_viewer(folder, "--users", **database) for _ in range(2))
        browser, password = requests.Session(), secret()
        lab = Lab(first, home, {"ada": password})
        assert lab.send(browser, path, new_password1=password, new_password2=password).status_code == 302
        assert browser.get(f"{second.url}/api/runs", timeout=30).status_code == 200
        stolen = dict(browser.cookies)
        assert lab.send(browser, "/logout", "/account").status_code == 302
        until(lambda: requests.get(f"{second.url}/api/runs", cookies=stolen, timeout=30).status_code == 401)
        assert not (home / "data" / "server.sqlite3").exists()


@pytest.mark.needs("initdb", "pg_ctl")
def test_users_and_shared_links_return_with_the_database(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder, metrics=[{"loss": 1.0}])
    with postgresql() as server:
        database = {"RUNICORN_DATABASE_URL": server.create("lab")}
        added = run_module(
            ["runicorn", "user", "add", "ada", "--role", "curate"], environment(home, **database), PROJECT
        )
        assert added.returncode == 0, added.stderr
        viewer = start_viewer(folder, "--users", **database)
        path, password = "/" + added.stdout.strip().partition("//")[2].partition("/")[2], secret()
        lab, browser = Lab(viewer, home, {"ada": password}), requests.Session()
        assert lab.send(browser, path, new_password1=password, new_password2=password).status_code == 302

        def status(address: str) -> int:
            return browser.get(address, timeout=30).status_code

        until(lambda: run_id in browser.get(f"{viewer.url}/api/runs", timeout=30).text)
        token = lab.token("ada", "curate")
        response = requests.post(
            f"{viewer.url}/api/v2/shares",
            json={"kind": "run", "target": run_id},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        link = response.json()["url"]
        addresses = (f"{viewer.url}/api/runs", link, f"{viewer.url}/readyz")
        assert [status(address) for address in addresses] == [200, 200, 200]

        # As a pooler does to idle connections: no request fails, of a session that is in memory or not.
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'lab'"
        another, answer = lab.sign_in("ada")
        assert server.execute(others) and answer.status_code == 302
        assert another.get(f"{viewer.url}/api/runs", timeout=30).status_code == 200
        assert server.execute(others)
        assert [status(address) for address in addresses] == [200, 200, 200]

        server.stop()
        until(lambda: [status(address) for address in addresses] == [503, 503, 503])
        server.start()
        until(lambda: [status(address) for address in addresses] == [200, 200, 200])
        assert lab.sign_in("ada")[1].status_code == 302
