"""A viewer never reveals secrets, never blocks on a remote host, and releases hosts when it ends."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

import runicorn.api as api
from tests.processes import Viewer
from tests.secrecy import secret
from tests.server.remote.relay import FakeServer
from tests.sshd import Sshd, keygen
from tests.system_users import system_user
from tests.waiting import until

pytestmark = pytest.mark.needs("sshd")


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A server for tests that change nothing on it."""
    server = Sshd(tmp_path_factory.mktemp("far") / "sshd").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def shared(far: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer for tests that leave it running."""
    home = tmp_path_factory.mktemp("home")
    viewer = Viewer(far.home, home, RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()
    viewer.stop()


@pytest.fixture
def client(shared: Viewer, far: Sshd) -> Iterator[api.RunicornClient]:
    """The client of a viewer to which the host is unknown and not connected."""
    place = {"host": "127.0.0.1", "port": far.port, "key_type": "ssh-ed25519"}
    shared.post("/api/remote/known-hosts/remove", json=place)
    with api.connect(shared.url) as client:
        yield client
        for connection in client.remote.list_sessions():
            client.remote.disconnect(connection["key"])


@pytest.fixture
def serving(start_viewer: Callable[..., Viewer], known_sshd: Sshd) -> Viewer:
    """A viewer that knows the host key and logs everything."""
    return start_viewer(
        known_sshd.home, "--log-level", "DEBUG", RUNICORN_RATE_LIMIT="off", RUNICORN_DEBUG="1"
    )


def test_no_secret_is_disclosed(serving: Viewer, known_sshd: Sshd, home: Path) -> None:
    marks = {name: secret() for name in ("password", "phrase", "wrong")}
    protected = keygen(known_sshd.folder / "protected", passphrase=marks["phrase"])
    with known_sshd.authorized.open("a") as file:
        file.write(protected.with_suffix(".pub").read_text())
    # The middle of a key is in every form of it.
    key = known_sshd.key.read_text()
    marks["key"] = key.splitlines()[2]
    answers: list[str] = []
    processes: list[str] = []
    watching = threading.Event()

    def watch() -> None:
        while not watching.wait(0.02):
            process = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True)
            processes.append(process.stdout)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for more in (
            {"private_key_path": None, "password": marks["wrong"]},
            {"private_key_path": str(protected), "passphrase": marks["wrong"], "password": marks["password"]},
            {
                "private_key_path": str(protected),
                "passphrase": marks["phrase"],
                "password": marks["password"],
            },
            {"private_key_path": None, "private_key": key, "passphrase": marks["phrase"]},
            {"private_key_path": None, "private_key": key[: len(key) // 2], "password": marks["password"]},
            {"private_key_path": None, "private_key": [key], "password": {"a": marks["password"]}},
            {"password": marks["password"], "host": "-x", "username": "a b"},
            {"password": marks["password"], "port": 1},
            {"password": marks["password"], "host": "nowhere.invalid"},
        ):
            answers.append(serving.post("/api/remote/connect", json=known_sshd.login(**more)).text)
        query = f"?connection_id={known_sshd.id}"
        for route in (
            f"conda-envs{query}",
            f"config{query}",
            f"fs/list{query}",
            "sessions",
            "known-hosts/list",
        ):
            answers.append(serving.get(f"/api/remote/{route}").text)
        assert '"connected":true' in answers[2] and '"connected":true' in answers[3]
    finally:
        watching.set()
        watcher.join()
    serving.stop()
    places = {"answers": "\n".join(answers), "log": serving.output, "processes": "\n".join(processes)}
    for path in home.rglob("*"):
        if path.is_file():
            places[str(path)] = path.read_bytes().decode("latin-1")
    assert any(name.endswith(".sqlite3") for name in places), "the database was not looked into"
    leaks = [(name, place) for name, mark in marks.items() for place, text in places.items() if mark in text]
    assert not leaks


@pytest.mark.parametrize("waits", [False, pytest.param(True, marks=pytest.mark.torture)])
def test_ten_hosts_that_hang_delay_no_answer(
    client: api.RunicornClient, shared: Viewer, far: Sshd, waits: bool
) -> None:
    """The hosts hang up in the end, or each request times out after ten seconds."""
    accept(client, far)
    with FakeServer(b"") as host, ThreadPoolExecutor(10) as threads:
        bodies = [
            {"host": "127.0.0.1", "port": host.port, "username": f"u{n}", "password": "x"} for n in range(10)
        ]
        began = time.monotonic()
        waiting = [threads.submit(shared.post, "/api/remote/connect", json=body) for body in bodies]
        assert shared.post("/api/remote/connect", json=far.login()).status_code == 200
        assert shared.get(f"/api/remote/fs/list?connection_id={far.id}").status_code == 200
        with requests.Session() as session:
            times = [_seconds(session, f"{shared.url}/api/health") for _ in range(20)]
        assert min(times) < 1
        assert not any(future.done() for future in waiting)
        if not waits:
            until(lambda: len(host.ends) == 10)
            host.cut()
        assert {future.result().status_code for future in waiting} == {503}
        assert not waits or 9 < time.monotonic() - began < 40


def accept(client: api.RunicornClient, server: Sshd) -> None:
    """Accept the host key of a server."""
    with pytest.raises(api.ConflictError) as question:
        client.remote.connect("127.0.0.1", server.port, server.username, private_key_path=str(server.key))
    client.remote.accept_host_key(question.value)


def _seconds(session: requests.Session, url: str) -> float:
    began = time.perf_counter()
    assert session.get(url, timeout=60).status_code == 200
    return time.perf_counter() - began


def test_a_viewer_exits_in_time_and_closes_its_connections(serving: Viewer, known_sshd: Sshd) -> None:
    assert serving.post("/api/remote/connect", json=known_sshd.login()).status_code == 200
    until(lambda: known_sshd.logins() == 1)
    with FakeServer(b"") as host, ThreadPoolExecutor(5) as threads:
        body = {"host": "127.0.0.1", "port": host.port, "username": "me", "password": "x"}
        for _ in range(5):
            threads.submit(_ask_and_be_left, serving, body)
        until(lambda: len(host.ends) == 5)
        began = time.monotonic()
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(60) == 0
        assert time.monotonic() - began < 8
    until(lambda: not known_sshd.sessions())


def _ask_and_be_left(viewer: Viewer, body: dict[str, Any]) -> None:
    try:
        viewer.post("/api/remote/connect", json=body)
    except requests.RequestException:
        return


def test_a_viewer_that_is_killed_leaves_no_login(serving: Viewer, known_sshd: Sshd) -> None:
    assert serving.post("/api/remote/connect", json=known_sshd.login()).status_code == 200
    until(lambda: known_sshd.logins() == 1)
    serving.kill()
    until(lambda: not known_sshd.sessions())


def test_the_rows_of_a_viewer_hold_what_was_connected(
    client: api.RunicornClient, shared: Viewer, far: Sshd
) -> None:
    accept(client, far)
    client.remote.connect("127.0.0.1", far.port, far.username, private_key_path=str(far.key))
    (database,) = shared.log.parent.rglob("runicorn*.sqlite3")
    query = "SELECT host, port, username, auth_method FROM remote_connection WHERE username = ?"
    with closing(sqlite3.connect(database)) as rows:
        records = rows.execute(query, [far.username]).fetchall()
    assert records == [("127.0.0.1", far.port, far.username, "key")]


def test_the_python_client_connects_starts_and_stops_a_viewer(client: api.RunicornClient, far: Sshd) -> None:
    (far.home / "runs").mkdir()
    login = {"port": far.port, "username": far.username, "private_key_path": str(far.key)}
    with pytest.raises(api.ConflictError) as question:
        client.remote.connect("127.0.0.1", **login)
    assert question.value.host_key is not None
    assert question.value.host_key["public_key"] == far.public_key
    assert client.remote.accept_host_key(question.value) == {"ok": True}
    there = client.remote.connect("127.0.0.1", **login)["connection_id"]
    assert there == far.id
    (connection,) = client.remote.list_sessions()
    assert set(connection) == set(api.responses.remote.RemoteConnection.__annotations__)
    assert [entry["name"] for entry in client.remote.list_remote_directory(there)] == ["runs"]
    assert client.remote.check_remote_path(there, "~/runs") is True
    assert client.remote.check_remote_path(there, "~/gone") is False
    environments = client.remote.list_environments(there)
    assert "system" in [environment["name"] for environment in environments]
    assert set(environments[0]) == set(api.responses.remote.RemoteEnvironment.__annotations__)
    assert client.remote.disconnect(there)["ok"] is True
    with pytest.raises(api.NotFoundError, match="Connection not found or inactive"):
        client.remote.list_remote_directory(there)
    with pytest.raises(api.AuthenticationError, match="Authentication failed"):
        client.remote.connect("127.0.0.1", far.port, far.username, password="wrong")
    with pytest.raises(api.BadRequestError, match="not a readable private key"):
        client.remote.connect("127.0.0.1", far.port, far.username, private_key_path="/etc/hostname")
    with pytest.raises(api.ServerError, match="refused the connection"):
        client.remote.connect("127.0.0.1", **login | {"port": 1})


def test_every_invalid_key_file_gets_the_same_error(
    client: api.RunicornClient, far: Sshd, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "public").write_text(far.public_key)
    (tmp_path / "torn").write_text(far.key.read_text()[:150])
    subprocess.run(["mkfifo", str(tmp_path / "pipe")], check=True)
    paths = [str(tmp_path / name) for name in ("gone", "empty", "folder", "noise", "public", "torn", "pipe")]
    paths += [
        "user_key",
        "../user_key",
        "/dev/zero",
        "/dev/stdin",
        "/etc/passwd",
        "/proc/self/mem",
        "~no-such-user/key",
    ]
    sentences = set()
    for path in paths:
        with pytest.raises(api.BadRequestError) as error:
            client.remote.connect("127.0.0.1", far.port, far.username, private_key_path=path)
        sentences.add(error.value.detail)
    assert len(sentences) == 1 and "not a readable private key" in next(iter(sentences))


def test_a_password_works_from_end_to_end(client: api.RunicornClient, far: Sshd) -> None:
    with system_user() as who:
        with pytest.raises(api.ConflictError) as question:
            client.remote.connect("127.0.0.1", far.port, who.name, password=who.password)
        client.remote.accept_host_key(question.value)
        there = client.remote.connect("127.0.0.1", far.port, who.name, password=who.password)
        assert there["connected"] is True
        with pytest.raises(api.AuthenticationError):
            client.remote.connect("127.0.0.1", far.port, who.name, password=who.password + "x")
        again = client.remote.connect("127.0.0.1", far.port, who.name, password=who.password)
        assert again == there
        client.remote.disconnect(there["connection_id"])
