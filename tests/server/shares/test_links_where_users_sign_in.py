"""Shared links of a viewer with users: they need no login, and only curators create them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from runicorn.api import RunicornClient
from runicorn.api.errors import NotFoundError
from tests.folders import write_run
from tests.processes import PROJECT, Viewer, environment, run_module
from tests.server.people.lab import ROLES, Lab, add_users
from tests.waiting import until

RUN, OTHER = "20240101_000000_aaaaaa", "20240102_000000_bbbbbb"


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


def test_a_link_ends_when_its_author_may_no_longer_share(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    write_run(store, run_id=RUN, metrics=[{"loss": 0.5}])
    viewer = Viewer(store, tmp_path, "--users", RUNICORN_RATE_LIMIT="off")
    people = {"cy": ("curate", {}), "root": ("admin", {}), "gus": ("read", {})}
    try:
        lab = Lab(viewer.wait_until_it_answers(), tmp_path, add_users(tmp_path, people))
        lab.command("role", "@team", "--role", "curate")
        lab.command("join", "gus", "team")
        member = lab.session("gus")
        until(lambda: member.get(f"{viewer.url}/alerts/rules/new", timeout=30).status_code == 200)
        urls = {}
        for name in people:
            client = RunicornClient(viewer.url, token=lab.token(name, "curate"))
            until(client.list_experiments)
            urls[name] = client.shares.create("run", RUN)["url"]
            assert requests.get(urls[name], timeout=30).status_code == 200
        with connect(f"{urls['cy'].replace('http', 'ws')}runs/{RUN}/live") as socket:
            assert '"type":' in socket.recv(timeout=30)
            lab.command("role", "cy", "--role", "write-all")
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    socket.recv(timeout=30)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
        lab.command("leave", "gus", "team")
        for name in ("cy", "gus"):
            until(lambda name=name: requests.get(urls[name], timeout=30).status_code == 404)  # type: ignore[misc]
        assert requests.get(urls["root"], timeout=30).status_code == 200
    finally:
        viewer.stop()


def test_a_link_shows_what_its_author_may_read_and_ends_with_the_author(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    write_run(store, run_id=RUN, metrics=[{"loss": 0.5}])
    write_run(store, "hidden", "zqxrun", run_id=OTHER, metrics=[{"loss": 0.25}])
    viewer = Viewer(store, tmp_path, "--users", RUNICORN_RATE_LIMIT="off")
    roles = {"root": ("admin", {}), "cy": ("curate", {}), "di": ("curate", {"hidden": "read"})}
    try:
        lab = Lab(viewer.wait_until_it_answers(), tmp_path, add_users(tmp_path, roles))
        clients = {name: RunicornClient(viewer.url, token=lab.token(name, "curate")) for name in roles}
        until(lambda: len(clients["cy"].list_experiments()) == 2)
        both = clients["cy"].shares.create("compare", f"{RUN},{OTHER}")
        whole = clients["di"].shares.create("compare", f"{RUN},{OTHER}")
        report = clients["di"].shares.create("report", OTHER)
        assert {share["author"] for share in clients["root"].shares.list()} == {"cy", "di"}
        assert [share["id"] for share in clients["cy"].shares.list()] == [both["id"]]
        more = environment(
            tmp_path, RUNICORN_URL=viewer.url, RUNICORN_TOKEN=lab.token("root", "curate", "list")
        )
        printed = run_module(["runicorn", "share", "list"], more, PROJECT).stdout.splitlines()
        assert [line.split()[2:4] for line in printed] == [
            ["author", "target"],
            ["di", OTHER],
            ["di", whole["target"]],
            ["cy", both["target"]],
        ]
        with pytest.raises(NotFoundError, match="Share not found"):
            clients["cy"].shares.revoke(whole["id"])

        lab.command("restrict", "hidden")
        until(lambda: "zqxrun" not in requests.get(both["url"], timeout=30).text)
        assert "zqxrun" in requests.get(whole["url"], timeout=30).text
        series = requests.get(f"{both['url']}series?ids={RUN},{OTHER}", timeout=30).json()
        assert OTHER in json.dumps(series["missing"])
        response = requests.get(report["url"], timeout=30)
        assert "zqxrun" in response.text and "Content-Disposition" not in response.headers
        assert "sandbox" in response.headers["Content-Security-Policy"]
        for path in ("", "export?format=zip", "export?format=json"):
            assert requests.get(f"{report['url']}runs/{OTHER}/{path}", timeout=30).status_code == 403

        live = clients["di"].shares.create("run", OTHER)["url"].replace("http", "ws")
        with connect(f"{live}runs/{OTHER}/live") as socket:
            assert '"type":' in socket.recv(timeout=30)
            lab.command("disable", "di")
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    socket.recv(timeout=30)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
        until(lambda: requests.get(report["url"], timeout=30).status_code == 404)
        assert requests.get(whole["url"], timeout=30).status_code == 404
        assert requests.get(both["url"], timeout=30).status_code == 200
        clients["root"].shares.revoke(both["id"])
        assert requests.get(both["url"], timeout=30).status_code == 404
    finally:
        viewer.stop()
