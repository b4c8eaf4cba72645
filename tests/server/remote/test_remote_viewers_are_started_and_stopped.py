from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from rest_framework.test import APIClient
from websockets.sync.client import connect as open_socket

import runicorn.api as client
from remote.models import ViewerSession
from tests.folders import write_run
from tests.server.remote import leftovers
from tests.server.remote.starting import is_free, start, stop
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]

Body = Callable[..., dict[str, Any]]


def test_a_remote_viewer_serves_pages_and_sockets_and_leaves_nothing_behind(
    api: APIClient, starting: Body, known_sshd: Sshd, remote_store: Path
) -> None:
    run = write_run(remote_store, metrics=[{"loss": 0.5}])
    session = followed(api, starting())
    base = f"http://localhost:{session['local_port']}"
    with requests.Session() as browser:
        page = browser.get(session["url"], timeout=60)
        assert (page.status_code, page.url) == (200, base + "/")
        assert "0.5" in browser.get(f"{base}/runs/{run}", timeout=60).text
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    status = api.get(f"/api/remote/viewer/status/{session['session_id']}").json()
    for viewer, token in ((status["url"], None), (base, session["token"])):
        with client.connect(viewer, token=token) as programs:
            assert [each["id"] for each in programs.list_experiments()] == [run]
    with pytest.raises(client.AuthenticationError):
        client.connect(status["url"])
    address = f"ws://localhost:{session['local_port']}/api/runs/{run}/logs/ws"
    with open_socket(address, additional_headers={"Cookie": cookie}, proxy=None) as live:
        log = remote_store / "vision" / "resnet" / "runs" / run / "logs.txt"
        log.write_text("a line of the remote run\n")
        assert live.recv(timeout=60) == "a line of the remote run"
    (process,) = leftovers.viewers(known_sshd.home)
    assert process.pid == session["remote_pid"]
    row = ViewerSession.objects.get()
    assert (row.session_id, row.state, row.remote_pid) == (session["session_id"], "running", process.pid)
    assert row.connection.connection_id == known_sshd.id
    stop(api, session)
    assert leftovers.viewers(known_sshd.home) == []
    assert leftovers.files(known_sshd) == []
    assert is_free(session["local_port"]) and is_free(session["remote_port"])
    assert not ViewerSession.objects.exists()
    assert api.get("/api/remote/viewer/sessions").json() == {"sessions": []}
    assert api.get(f"/api/remote/viewer/status/{session['session_id']}").status_code == 404


def followed(api: APIClient, body: dict[str, Any]) -> dict[str, Any]:
    """Start a viewer, check the order of its stages, and return its session."""
    answer = api.post("/api/remote/viewer/start", {**body, "wait": False}).json()
    assert answer["session"]["status"] == "connecting"
    session_id, stages = answer["session"]["session_id"], []

    def runs() -> dict[str, Any] | None:
        status = dict(api.get(f"/api/remote/viewer/status/{session_id}").json())
        stages.append(status["stage"])
        assert status["status"] in {"connecting", "running"}, status
        return status if status["is_active"] else None

    session = until(runs)
    order = ["connect", "environment", "start", "tunnel", "health", ""]
    assert stages == sorted(stages, key=order.index)
    assert {"environment", "start", ""} <= set(stages)
    assert session is not None
    return session


def test_a_session_has_both_spellings_and_each_link_opens_once(
    api: APIClient, starting: Body, known_sshd: Sshd, remote_store: Path
) -> None:
    """The remote store may be read-only."""
    run = write_run(remote_store)
    remote_store.chmod(0o500)
    before = sorted(path.name for path in remote_store.rglob("*"))
    connected = api.post("/api/remote/connect", known_sshd.login()).json()
    body = {"connection_id": connected["connection_id"], "remote_root": str(remote_store)}
    session = start(api, body)
    for snake, camel in (
        ("session_id", "sessionId"),
        ("ssh_port", "sshPort"),
        ("local_port", "localPort"),
        ("remote_port", "remotePort"),
        ("remote_root", "remoteRoot"),
        ("remote_pid", "remotePid"),
        ("started_at", "startedAt"),
        ("uptime_seconds", "uptimeSeconds"),
        ("is_active", "isActive"),
    ):
        assert session[snake] == session[camel]
    assert (session["host"], session["sshPort"], session["username"]) == (
        known_sshd.host,
        known_sshd.port,
        known_sshd.username,
    )
    assert (session["status"], session["stage"], session["error"]) == ("running", "", None)
    assert (session["remoteRoot"], session["condaEnv"]) == (str(remote_store), ".venv")
    assert session["latency_ms"] > 0 and session["last_seen"] * 1000 >= session["started_at"]
    (entry,) = api.get("/api/remote/viewer/sessions").json()["sessions"]
    status = api.get(f"/api/remote/viewer/status/{session['sessionId']}").json()
    assert entry["sessionId"] == status["sessionId"] == session["sessionId"]
    assert len({session["url"], entry["url"], status["url"]}) == 3
    both = api.get("/api/remote/status").json()
    assert (both["connection_count"], both["viewer_session_count"]) == (1, 1)
    assert both["viewer_sessions"][0]["sessionId"] == session["sessionId"]
    for url in (session["url"], status["url"]):
        first = requests.get(url, timeout=60, allow_redirects=False)
        assert first.status_code == 303
        assert requests.get(url, timeout=60, allow_redirects=False).status_code == 401
    cookie = first.headers["Set-Cookie"].partition(";")[0]
    local, direct = f"http://localhost:{session['local_port']}", f"http://localhost:{session['remote_port']}"
    page = requests.get(local, headers={"Cookie": cookie}, timeout=60)
    assert page.status_code == 200 and run in page.text
    # A cookie is valid only for the address that set it.
    assert requests.get(direct, headers={"Cookie": cookie}, timeout=60).status_code == 401
    assert sorted(path.name for path in remote_store.rglob("*")) == before
    remote_store.chmod(0o700)


def test_a_start_can_be_stopped(api: APIClient, starting: Body, known_sshd: Sshd) -> None:
    session = api.post("/api/remote/viewer/start", starting(wait=False)).json()["session"]
    path = f"/api/remote/viewer/status/{session['session_id']}"
    until(lambda: leftovers.viewers(known_sshd.home))
    assert api.get(path).json()["status"] in {"connecting", "running"}
    stop(api, session)
    until(lambda: leftovers.viewers(known_sshd.home) == [])
    assert is_free(session["local_port"])


def test_a_requested_port_is_used_or_reported_as_in_use(
    api: APIClient, starting: Body, known_sshd: Sshd
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        answer = api.post("/api/remote/viewer/start", starting(local_port=port))
        assert (answer.status_code, answer.json()["detail"]) == (
            409,
            f"Port {port} of this machine is in use. Choose another port or leave it empty.",
        )
        answer = api.post("/api/remote/viewer/start", starting(remote_port=port))
        assert answer.status_code == 503
        assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use." in answer.json()["detail"]
    assert leftovers.viewers(known_sshd.home) == [] and leftovers.files(known_sshd) == []
    session = start(api, starting(local_port=port, remote_port=0))
    assert session["local_port"] == port


def test_a_disconnect_stops_the_viewers_of_the_connection(
    api: APIClient, starting: Body, known_sshd: Sshd
) -> None:
    sessions = [start(api, starting()) for _ in range(2)]
    assert len(leftovers.viewers(known_sshd.home)) == 2
    body = {"host": known_sshd.host, "port": known_sshd.port, "username": known_sshd.username}
    assert api.post("/api/remote/disconnect", body).status_code == 200
    until(lambda: leftovers.viewers(known_sshd.home) == [])
    assert api.get("/api/remote/viewer/sessions").json() == {"sessions": []}
    assert all(is_free(session["local_port"]) for session in sessions)
    assert leftovers.files(known_sshd) == []
    until(lambda: not ViewerSession.objects.exists())


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"host": None}, "host: This field is required without a connection_id."),
        ({"connection_id": "a@b:1"}, "host: Give this or a connection_id, not both."),
        ({"remote_root": ""}, "remote_root: This field may not be blank."),
        ({"remote_root": "a\0b"}, "remote_root: Null characters are not allowed."),
        ({"local_port": 70000}, "local_port: Ensure this value is less than or equal to 65535."),
        ({"wait": "no"}, "wait: Must be a valid boolean."),
        ({"username": "-oProxyCommand=x"}, "username: must contain no space or control character"),
    ],
)
def test_bad_input_starts_nothing(
    api: APIClient, starting: Body, more: dict[str, Any], sentence: str
) -> None:
    answer = api.post("/api/remote/viewer/start", starting(**more))
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(sentence), json.dumps(answer.json())
    assert api.get("/api/remote/status").json()["viewer_session_count"] == 0


def test_an_unknown_connection_or_session_is_not_found(
    api: APIClient, starting: Body, remote_store: Path
) -> None:
    body = {"connection_id": "user@nowhere:22", "remote_root": str(remote_store)}
    answer = api.post("/api/remote/viewer/start", body)
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "Connection not found or inactive: user@nowhere:22",
    )
    answer = api.post("/api/remote/viewer/stop", {"session_id": "12345678"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "Session not found: 12345678")
