from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from rest_framework.test import APIClient

from remote.models import ViewerSession
from remote.services import viewers as viewing
from remote.ssh import host_keys
from remote.viewers import session as viewers
from runicorn._version import SDK
from runicorn.remote_protocol import IMPLEMENTATION, StatusReport, line
from tests.server.remote import leftovers
from tests.server.remote.pythons import (
    bare_environment,
    fake_python,
    foreign_environment,
    our_environment,
    pretending,
)
from tests.server.remote.starting import begin, is_free, start, status, stop, until_it_is
from tests.sshd import Sshd, keygen
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]

Body = Callable[..., dict[str, Any]]
WAITS = "exec cat > /dev/null"
"""A viewer that reads its launch request and reports nothing; it ends with its connection."""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A process that listens on the remote host and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def reports(port: int) -> str:
    """A viewer that reports a port on which it does not serve."""
    report = line(StatusReport(IMPLEMENTATION, "1.0.0", port, 1, "/", time.time())).strip()
    return f"echo 'Welcome to this machine'\necho '{report}'\n{WAITS}"


def assert_nothing_is_left(server: Sshd, session: dict[str, Any]) -> None:
    """Check that nothing is left on either host."""
    assert is_free(session["local_port"])
    until(lambda: leftovers.viewers(server.home) == [])
    assert leftovers.files(server) == []


@pytest.mark.parametrize("stage", ["environment", "start", "health"])
def test_a_start_with_a_cut_connection_leaves_nothing(
    stage: str, api: APIClient, starting: Body, known_sshd: Sshd, listener: socket.socket
) -> None:
    if stage == "environment":
        fake_python(known_sshd.home, "exec cat > /dev/null\n", "venv")
        (known_sshd.home / "venv/bin/python").write_text("#!/bin/sh\ntouch $HOME/asked\nexec sleep 30\n")
    else:
        script = WAITS if stage == "start" else reports(listener.getsockname()[1])
        pretending(known_sshd.home, script, "venv")
    session_id = begin(api, starting(conda_env="venv"))
    until(lambda: status(api, session_id)["stage"] == stage)
    if stage == "start":
        until(lambda: leftovers.processes(known_sshd.home, "cat"))
    if stage == "environment":
        until((known_sshd.home / "asked").exists)
    began = time.monotonic()
    known_sshd.cut()
    session = until_it_is(api, session_id, "failed")
    assert time.monotonic() - began < 30
    assert session["error"] == f"The connection to {known_sshd.id} was lost. Connect again."
    assert_nothing_is_left(known_sshd, session)
    until(lambda: ViewerSession.objects.get().state == "failed")
    stop(api, session)
    assert not ViewerSession.objects.exists()


def test_a_viewer_whose_start_was_cut_exits(
    api: APIClient, starting: Body, known_sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_REMOTE_PATIENCE", "1")
    session_id = begin(api, starting())
    until(lambda: leftovers.viewers(known_sshd.home))
    known_sshd.cut()
    session = until_it_is(api, session_id, "failed")
    assert_nothing_is_left(known_sshd, session)


@pytest.mark.parametrize(
    ("stage", "sentence"),
    [
        ("environment", "The environments of 127.0.0.1 were not found within 1 s. Try again."),
        ("start", "The viewer on 127.0.0.1 did not start within 1 s. Try again."),
        ("health", "The viewer on 127.0.0.1 did not answer within 1 s. Try again."),
    ],
)
def test_each_stage_has_a_time_limit(
    stage: str,
    sentence: str,
    api: APIClient,
    starting: Body,
    known_sshd: Sshd,
    listener: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = starting(conda_env="venv")
    if stage == "environment":
        fake_python(known_sshd.home, "exec sleep 987654\n", "venv")
    else:
        pretending(known_sshd.home, WAITS if stage == "start" else reports(listener.getsockname()[1]), "venv")
    monkeypatch.setitem(viewers.LIMITS, stage, 1.0)
    monkeypatch.setattr(viewers, "END_SECONDS", 1.0)  # it does not answer then either
    answer = api.post("/api/remote/viewer/start", body)
    assert (answer.status_code, answer.json()["detail"]) == (503, sentence)
    assert api.get("/api/remote/viewer/sessions").json() == {"sessions": []}
    until(
        lambda: (
            not leftovers.processes(known_sshd.home, "cat")
            and not leftovers.processes(known_sshd.home, "sleep")
        )
    )
    until(lambda: not ViewerSession.objects.exists())


def test_another_program_on_the_port_is_not_mistaken_for_the_viewer(
    api: APIClient, starting: Body, known_sshd: Sshd, listener: socket.socket
) -> None:
    """It answers everything but the proof, which needs the token, and never gets the token."""
    heard: list[bytes] = []

    def answer() -> None:
        with suppress(OSError), listener:  # closing it ends the thread
            while True:
                client, _ = listener.accept()
                with client:
                    heard.append(client.recv(65536))
                    if heard[-1]:
                        body = line(
                            StatusReport(IMPLEMENTATION, "1.0.0", port, 1, "/", time.time(), "0" * 64)
                        )
                        client.sendall(
                            f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
                        )

    port = listener.getsockname()[1]
    threading.Thread(target=answer, daemon=True).start()
    pretending(known_sshd.home, reports(port), "venv")
    answered = api.post("/api/remote/viewer/start", starting(conda_env="venv"))
    assert (answered.status_code, answered.json()["detail"]) == (
        503,
        "Another program on 127.0.0.1 listens on the port of the viewer.",
    )
    assert any(b"/remote-session" in message for message in heard)


def test_a_host_without_port_forwarding_is_reported(
    api: APIClient, start_sshd: Callable[..., Sshd], starting: Body, home: Path, remote_store: Path
) -> None:
    strict = start_sshd("PermitOpen none")
    host_keys.path().write_text(strict.known_hosts_line)
    our_environment(strict.home)
    answer = api.post("/api/remote/viewer/start", {**strict.login(), "remote_root": str(remote_store)})
    assert answer.status_code == 503
    assert "127.0.0.1 refuses port forwarding (AllowTcpForwarding)" in answer.json()["detail"]
    until(lambda: leftovers.viewers(strict.home) == [])


def test_errors_of_the_remote_viewer_are_reported(api: APIClient, starting: Body, known_sshd: Sshd) -> None:
    """A storage root like `--help` is not parsed as an option."""
    answer = api.post("/api/remote/viewer/start", starting(remote_root="--help"))
    sentence = answer.json()["detail"]
    assert answer.status_code == 503
    assert sentence.startswith("The viewer on 127.0.0.1 did not start: There is no folder /")
    assert sentence.endswith("/--help.")
    assert leftovers.viewers(known_sshd.home) == [] and leftovers.files(known_sshd) == []


def test_a_viewer_starts_on_a_remote_host_whose_data_disk_is_full(
    api: APIClient, starting: Body, known_sshd: Sshd
) -> None:
    """Its database is elsewhere then: `tests/server/site/test_the_database_is_made_ready.py`."""
    body = starting()
    place = known_sshd.home / leftovers.DATA
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    try:
        session = start(api, body)
        headers = {"Authorization": f"Bearer {session['token']}"}
        address = f"http://127.0.0.1:{session['local_port']}/api/runs"
        assert requests.get(address, headers=headers, timeout=30).status_code == 200
        assert [path for path in place.rglob("*") if path.is_file()] == []
        stop(api, session)
        until(lambda: leftovers.viewers(known_sshd.home) == [])
        assert leftovers.files(known_sshd) == []
    finally:
        subprocess.run(["umount", str(place)], check=True)


def old_python(home: Path) -> Path:
    """A Python that reports a version of 2020."""
    fields = {
        "python": "3.8.10",
        "identity": "x",
        "runicorn": None,
        "home": str(home),
        "root": "/",
        "port": 1,
    }
    report = json.dumps(fields | {"root_exists": True})
    return fake_python(home, f"cat > /dev/null\necho 'runicorn-probe:{report}'\n", "venv")


@pytest.mark.parametrize(
    ("prepare", "code", "sentence", "can_copy"),
    [
        (
            old_python,
            "PYTHON_TOO_OLD",
            "The Python of environment venv of 127.0.0.1 is 3.8.10. Runicorn needs 3.11 or newer: "
            "choose another environment.",
            False,
        ),
        (
            lambda home: bare_environment(home, "venv"),
            "RUNICORN_MISSING",
            "Runicorn is not installed in environment venv of 127.0.0.1. "
            "This viewer can copy itself there; you then run one command to install it.",
            True,
        ),
        (
            lambda home: foreign_environment(home, "0.5.4", None, "venv"),
            "RUNICORN_FOREIGN",
            "The runicorn 0.5.4 in environment venv of 127.0.0.1 is another program of the same name. "
            "This viewer can copy itself there; you then run one command to install it.",
            True,
        ),
        (
            lambda home: foreign_environment(home, "1.0.0", SDK, "venv"),
            "RUNICORN_MISSING",
            "Environment venv of 127.0.0.1 has runicorn-sdk alone, which has no viewer. "
            "This viewer can copy itself there; you then run one command to install it.",
            True,
        ),
        (
            lambda home: foreign_environment(home, "0.9.9", IMPLEMENTATION, "venv"),
            "RUNICORN_TOO_OLD",
            "The Runicorn in environment venv of 127.0.0.1 is 0.9.9; this viewer needs 1.0.0 or newer there. "
            "This viewer can copy itself there; you then run one command to install it.",
            True,
        ),
    ],
    ids=["python too old", "missing", "foreign", "sdk", "too old"],
)
def test_an_unusable_environment_is_reported(
    prepare: Callable[[Path], Path],
    code: str,
    sentence: str,
    can_copy: bool,
    api: APIClient,
    starting: Body,
    known_sshd: Sshd,
) -> None:
    python = prepare(known_sshd.home)
    answer = api.post("/api/remote/viewer/start", starting(conda_env="venv"))
    assert answer.status_code == 409, json.dumps(answer.json())
    body = answer.json()
    assert (body["detail"], body["code"], body["can_copy"]) == (sentence, code, can_copy)
    assert (body["environment"], body["python"]) == ("venv", str(python))
    assert "pip install" not in json.dumps(body)
    assert leftovers.viewers(known_sshd.home) == []


def test_wrong_credentials_start_nothing(
    api: APIClient, starting: Body, known_sshd: Sshd, tmp_path: Path
) -> None:
    answer = api.post(
        "/api/remote/viewer/start", starting(private_key_path=str(keygen(tmp_path / "another")))
    )
    assert answer.status_code == 401
    shutil.rmtree(known_sshd.home / ".venv")
    answer = api.post("/api/remote/viewer/start", starting(port=9, host="127.0.0.1"))
    assert answer.status_code == 503
    assert api.get("/api/remote/viewer/sessions").json() == {"sessions": []}


def test_the_number_of_open_and_failed_sessions_is_limited(
    api: APIClient, starting: Body, known_sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewing, "MOST", 2)
    failed = [begin(api, starting(host="127.0.0.1", port=9)) for _ in range(1)]
    for _ in range(3):
        until_it_is(api, failed[-1], "failed")
        failed.append(begin(api, starting(host="127.0.0.1", port=9)))
    until_it_is(api, failed[-1], "failed")
    session_ids = [
        session["session_id"] for session in api.get("/api/remote/viewer/sessions").json()["sessions"]
    ]
    assert session_ids == failed[-2:]
    pretending(known_sshd.home, WAITS, "venv")
    waiting = [begin(api, starting(conda_env="venv")) for _ in range(2)]
    answer = api.post("/api/remote/viewer/start", starting())
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "2 remote viewers are open already. Stop one of them first.",
    )
    for session_id in waiting:
        stop(api, {"session_id": session_id})
