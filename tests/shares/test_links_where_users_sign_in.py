"""Shared links of a viewer with users: they need no login, and only curators create them."""

from __future__ import annotations

from pathlib import Path

import requests
from websockets.sync.client import connect

from runicorn.api import RunicornClient
from tests.folders import write_run
from tests.people.lab import ROLES, Lab, add_users
from tests.processes import Viewer
from tests.waiting import until

RUN = "20240101_000000_aaaaaa"


def test_a_link_needs_no_login_and_only_curators_create_one(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    write_run(store, run_id=RUN, metrics=[{"loss": 0.5}])
    viewer = Viewer(store, tmp_path, "--users", RUNICORN_RATE_LIMIT="off")
    try:
        lab = Lab(viewer.wait_until_it_answers(), tmp_path, add_users(tmp_path, ROLES))
        assert requests.get(f"{viewer.url}/runs/{RUN}", timeout=30, allow_redirects=False).status_code != 200
        client = RunicornClient(viewer.url, token=lab.token("cy", "curate"))
        until(client.list_experiments)
        share = client.shares.create("run", RUN)
        page = requests.get(share["url"], timeout=30)
        assert page.status_code == 200 and "Shared, read-only" in page.text and "/account" not in page.text
        with connect(f"{share['url'].replace('http', 'ws')}runs/{RUN}/live") as socket:
            assert '"type":' in socket.recv(timeout=30)
        assert "data-share" in lab.session("cy").get(f"{viewer.url}/runs/{RUN}", timeout=30).text
        assert "data-share" not in lab.session("ada").get(f"{viewer.url}/runs/{RUN}", timeout=30).text
        writer = lab.token("ada", "write")
        assert lab.status(writer, "POST", "/api/v2/shares", json={"kind": "run", "target": RUN}) == 403
        assert lab.status(writer, "GET", "/api/v2/shares") == 403
    finally:
        viewer.stop()
