from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests import forks
from tests.people.lab import Lab
from tests.postgresql import postgresql
from tests.processes import PROJECT, Viewer, environment
from tests.secrecy import secret
from tests.waiting import until


@pytest.mark.needs("initdb", "pg_ctl")
def test_two_servers_share_users_and_sessions(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    with postgresql() as server:
        database = {"RUNICORN_DATABASE_URL": server.create("lab")}
        # Before the first start of a viewer, the database is empty.
        added = forks.run(["runicorn", "user", "add", "ada"], environment(home, **database), PROJECT)
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
        assert not (home / "data" / "accounts.sqlite3").exists()
