from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection
from rest_framework.test import APIClient

from remote.viewers.session import sessions
from tests.processes import Viewer
from tests.secrecy import secret
from tests.server.remote import leftovers
from tests.server.remote.pythons import our_environment
from tests.server.remote.starting import start, stop
from tests.sshd import Sshd, keygen
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]

Body = Callable[..., dict[str, Any]]
HOSTILE = "-oProxyCommand=x $(touch pwned) `touch pwned`; touch pwned & 'a' \"b\" \\' #\n|| touch pwned \u2028 ü 日本 %s ~ *"


def pwned(*places: Path) -> list[Path]:
    """Return files that only an executed user text could have created."""
    return [path for place in places for path in place.rglob("pwned*")] + list(Path.cwd().glob("pwned*"))


def test_a_storage_root_and_an_environment_may_be_called_anything(
    api: APIClient, starting: Body, known_sshd: Sshd, remote_store: Path
) -> None:
    name = HOSTILE.replace("\n", " ").replace("\u2028", " ").replace("%s", "s")
    python = our_environment(known_sshd.home / name, "venv")
    root = remote_store / HOSTILE
    root.mkdir()
    session = start(api, starting(remote_root=str(root), conda_env=str(python)))
    assert session["remote_root"] == str(root)
    (process,) = leftovers.viewers(known_sshd.home)
    assert HOSTILE not in " ".join(process.cmdline())
    stop(api, session)
    assert pwned(known_sshd.home, remote_store) == []


def test_no_text_of_a_request_becomes_a_command(
    api: APIClient, starting: Body, known_sshd: Sshd, remote_store: Path
) -> None:
    """Over an open connection: each is refused without another login."""
    connected = api.post("/api/remote/connect", known_sshd.login()).json()["connection_id"]
    for text in (HOSTILE, "a\nb", "--storage", "-c", "$(touch pwned)", "\ud800", "x" * 5000):
        answer = api.generic(
            "POST",
            "/api/remote/viewer/start",
            json.dumps({"connection_id": connected, "remote_root": text, "conda_env": text}),
            content_type="application/json",
        )
        assert answer.status_code in {400, 404}, (text, answer.content)
    assert leftovers.viewers(known_sshd.home) == []
    assert pwned(known_sshd.home, remote_store) == []


def test_a_tilde_is_the_remote_home_and_the_token_leaks_nowhere(
    api: APIClient, starting: Body, known_sshd: Sshd, home: Path
) -> None:
    session = start(api, starting(remote_root="~"))
    assert session["remote_root"] == str(known_sshd.home)
    token = sessions.by_id[session["session_id"]]._token
    (process,) = leftovers.viewers(known_sshd.home)
    everywhere = [" ".join(process.cmdline()), str(process.environ()), json.dumps(session)]
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            everywhere.append(" ".join(child.cmdline()))
    with connection.cursor() as cursor:
        for table in ("remote_viewersession", "remote_connection"):
            everywhere.append(str(cursor.execute(f"SELECT * FROM {table}").fetchall()))
    assert not [text for text in everywhere if token in text]
    assert files_with(token, known_sshd.home, home) == []
    stop(api, session)
    assert files_with(token, known_sshd.home, home) == []


def files_with(secret: str, *places: Path) -> list[Path]:
    """Return the files below some folders that contain a secret."""
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    return [path for path in files if secret.encode() in path.read_bytes()]


def test_keys_and_passphrases_stay_in_memory(
    start_viewer: Callable[..., Viewer], known_sshd: Sshd, remote_store: Path, home: Path, tmp_path: Path
) -> None:
    """With a viewer that logs everything, after a whole session, a failed start and a lost connection."""
    our_environment(known_sshd.home)
    phrase, another = secret(), secret()
    key = keygen(tmp_path / "protected", passphrase=phrase)
    with known_sshd.authorized.open("a") as file:
        file.write(key.with_suffix(".pub").read_text())
    viewer = start_viewer(remote_store, "--log-level", "DEBUG", RUNICORN_RATE_LIMIT="off")
    body = {
        **{name: value for name, value in known_sshd.login().items() if name != "private_key_path"},
        "private_key": key.read_text(),
        "passphrase": phrase,
        "remote_root": str(remote_store),
    }
    wrong = viewer.post("/api/remote/viewer/start", json={**body, "passphrase": another})
    missing = viewer.post("/api/remote/viewer/start", json={**body, "remote_root": "/missing"})
    answer = viewer.post("/api/remote/viewer/start", json=body)
    assert (wrong.status_code, missing.status_code, answer.status_code) == (400, 503, 200)
    known_sshd.cut()
    until(lambda: viewer.get("/api/remote/viewer/sessions").json()["sessions"][0]["reconnect_attempts"])
    output = wrong.text + missing.text + answer.text + viewer.get("/api/remote/status").text + viewer.output
    processes = " ".join(leftovers.command_lines())
    viewer.stop()
    line = key.read_text().splitlines()[2]
    for text in (phrase, another, line):
        assert text not in output and text not in processes
        assert files_with(text, home, known_sshd.home) == []
