"""API tokens: made on the command line, limited to their scope, refused once revoked or expired."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import requests
from django.urls import URLPattern, URLResolver, get_resolver
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from people.access.routes import required_scope
from people.token_verification import PREFIX
from runicorn import api
from runicorn_site.web.access import Scope
from tests.prepared import lay_out
from tests.processes import Viewer, environment, run_module, train
from tests.waiting import until

TRAINING = """
import runicorn as rn
with rn.init("sent", "run", capture_env=False, system_metrics=False) as run:
    run.log({"loss": 1.0})
"""
HOSTS = re.compile(
    r"/(?:api/)?remote(?:/|$)|/api/config/ssh_connections|/admin/|/settings$|/api/v2/alerts/channels"
)


def token(*words: str) -> tuple[int, str]:
    """Run `runicorn token`, and return its exit code and output."""
    home = Path(os.environ["RUNICORN_DATA_DIR"]).parent
    home.mkdir(parents=True, exist_ok=True)
    lay_out(home / "data")
    process = run_module(["runicorn", "token", *words], environment(home), home)
    return process.returncode, (process.stdout + process.stderr).strip()


def paths(patterns: list[URLPattern | URLResolver], before: str = "/") -> list[str]:
    """Return an address of each route."""
    addresses = []
    for pattern in patterns:
        path = before + str(pattern.pattern)
        addresses += paths(pattern.url_patterns, path) if isinstance(pattern, URLResolver) else [path]
    return [re.sub(r"<[^>]*>", "x", path) for path in addresses]


def status(viewer: Viewer, secret: str, method: str = "GET", path: str = "/api/runs", **more: object) -> int:
    headers = {"Authorization": f"Bearer {secret}"}
    return requests.request(method, viewer.url + path, headers=headers, timeout=30, **more).status_code  # type: ignore[arg-type]


def test_reading_about_remote_hosts_needs_an_administrator() -> None:
    addresses = [path for path in paths(get_resolver().url_patterns) if HOSTS.match(path)]
    assert len(addresses) > 20
    assert [path for path in addresses if required_scope("GET", path) != "admin"] == []


def test_an_unusual_spelling_of_an_address_does_not_lower_its_scope() -> None:
    assert required_scope("HEAD", "/remote/host/") == "admin"
    assert required_scope("GET", "/remote/viewers/a\n") == "admin"
    assert required_scope("DELETE", "/api/artifacts/a/v1") == "curate"


@pytest.mark.parametrize("protected", [True, False])
def test_a_token_does_what_its_scope_contains(
    start_viewer: Callable[..., Viewer], folder: Path, make_run: Callable[..., str], protected: bool
) -> None:
    run_id = make_run(folder, metrics=[{"loss": 1.0}])
    viewer = start_viewer(**({"RUNICORN_TOKEN": "auto"} if protected else {}))
    secrets = {scope: token("add", scope, "--scope", scope)[1] for scope in tuple(Scope)}
    until(lambda: status(viewer, secrets["admin"]) == 200)
    calls = {
        "read": ("GET", f"/api/runs/{run_id}/metrics", None),
        "write": ("POST", "/api/artifacts/uploads", {}),
        "curate": ("PATCH", f"/api/runs/{run_id}", {"alias": "a"}),
        "admin": ("GET", "/api/config/ssh_connections", None),
    }
    for place, (method, path, body) in enumerate(calls.values()):
        for number, scope in enumerate(tuple(Scope)):
            allowed = status(viewer, secrets[scope], method, path, json=body) != 403
            assert allowed == (number >= place), (scope, path)
    refusal = requests.patch(
        f"{viewer.url}/api/runs/{run_id}",
        json={},
        headers={"Authorization": f"Bearer {secrets['read']}"},
        timeout=30,
    )
    assert refusal.json() == {"detail": "This token may not edit, move, share or delete"}


def test_a_training_uploads_with_a_token_that_may_write(
    start_viewer: Callable[..., Viewer], tmp_path: Path, home: Path
) -> None:
    viewer = start_viewer(RUNICORN_TOKEN="auto")
    secret = token("add", "training", "--scope", "write", "--expires", "1d")[1]
    (tmp_path / "near").mkdir()
    training = train(TRAINING, tmp_path / "near", home, RUNICORN_URL=viewer.url, RUNICORN_TOKEN=secret)
    _, stderr = training.communicate(timeout=120)
    assert training.returncode == 0, stderr
    with api.connect(viewer.url, token=secret) as client:
        (run,) = until(lambda: [run for run in client.list_experiments() if run["status"] == "finished"])
        assert run["project"] == "sent"


def test_a_revoked_expired_or_unknown_token_is_refused(
    start_viewer: Callable[..., Viewer], home: Path
) -> None:
    viewer = start_viewer()
    secret = token("add", "ci", "--expires", "12h")[1]
    until(lambda: status(viewer, secret) == 200)
    assert status(viewer, PREFIX + "x" * 43) == 401
    code, output = token("list")
    assert code == 0 and "ci" in output and secret not in output
    file = home / "data" / "server.sqlite3"
    assert file.stat().st_mode & 0o777 == 0o600 and secret.encode() not in file.read_bytes()
    expired = token("add", "old", "--expires", "1m")[1]
    with closing(sqlite3.connect(file, isolation_level=None)) as rows:
        rows.execute("UPDATE people_apitoken SET expires_at = 1 WHERE name = 'old'")
    assert token("revoke", "ci") == (0, "Revoked ci")
    until(lambda: status(viewer, secret) == 401)
    assert status(viewer, expired) == 401
    file.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 64)
    until(lambda: status(viewer, expired) == 503 and "The API tokens cannot be read" in viewer.output)
    assert token("list")[0] == 1


def test_an_open_socket_ends_with_its_token(
    start_viewer: Callable[..., Viewer], folder: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder, logs="first\n", status="running")
    viewer = start_viewer()
    secret = token("add", "ci")[1]
    until(lambda: status(viewer, secret) == 200)
    address = f"ws://127.0.0.1:{viewer.port}/api/runs/{run_id}/logs/ws"
    with connect(address, additional_headers={"Authorization": f"Bearer {secret}"}) as socket:
        assert "first" in str(socket.recv(timeout=30))
        assert token("revoke", "ci")[0] == 0
        until(lambda: status(viewer, secret) == 401)
        (log,) = folder.rglob("logs.txt")
        with log.open("a", encoding="utf-8") as file:
            file.write("secret\n")
        with pytest.raises(ConnectionClosed) as closed:
            while "secret" not in str(socket.recv(timeout=30)):
                pass
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


@pytest.mark.parametrize(
    ("words", "code"),
    [(("add",), 2), (("add", "a\n"), 2), (("add", "a", "--expires", "soon"), 2), (("revoke", "nobody"), 4)],
)
def test_bad_input_of_the_command_changes_nothing(home: Path, words: tuple[str, ...], code: int) -> None:
    assert token(*words)[0] == code
    assert "There are no tokens" in token("list")[1]


def test_a_name_is_taken_once(home: Path) -> None:
    assert token("add", "ci")[0] == 0
    code, output = token("add", "ci")
    assert code == 2 and "There is a token ci already" in output
    assert token("list")[1].count("ci") == 1
