from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from rest_framework.test import APIClient

from remote.models import ViewerSession
from remote.viewers import session as viewers
from tests.folders import write_run
from tests.processes import Viewer
from tests.server.remote import leftovers
from tests.server.remote.pythons import our_environment
from tests.server.remote.starting import is_free, start, status, stop, until_it_is
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]

Body = Callable[..., dict[str, Any]]


def get_page(browser: requests.Session, url: str) -> requests.Response:
    """Send a request; like a browser, again if a kept-alive connection had been closed."""
    try:
        return browser.get(url, timeout=10)
    except requests.ConnectionError:
        return browser.get(url, timeout=10)


def test_a_remote_viewer_is_resumed_after_a_lost_connection(
    api: APIClient, starting: Body, known_sshd: Sshd, remote_store: Path
) -> None:
    run = write_run(remote_store)
    session = start(api, starting())
    base = f"http://localhost:{session['local_port']}"
    with requests.Session() as browser:
        browser.get(session["url"], timeout=10)
        known_sshd.go_away()
        # Not at once: a pending request fails first.
        until(lambda: status(api, session["session_id"])["error"] == "The connection to 127.0.0.1 was lost.")
        assert not until_it_is(api, session["session_id"], "reconnecting")["is_active"]
        sorry = get_page(browser, base)
        assert sorry.status_code == 503 and "Reconnecting." in sorry.text
        until(lambda: ViewerSession.objects.get().state == "reconnecting")
        known_sshd.start()
        session_status = until_it_is(api, session["session_id"], "running")
        assert (session_status["remote_pid"], session_status["local_port"]) == (
            session["remote_pid"],
            session["local_port"],
        )
        assert run in get_page(browser, base).text
    stop(api, session)  # closes its port; its process ends soon
    until(lambda: leftovers.viewers(known_sshd.home) == [])
    assert leftovers.files(known_sshd) == []


def test_an_exited_remote_viewer_is_restarted_behind_the_same_port(
    api: APIClient, starting: Body, known_sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_REMOTE_PATIENCE", "3")
    session = start(api, starting())
    base = f"http://localhost:{session['local_port']}"
    with requests.Session() as browser:
        browser.get(session["url"], timeout=10)
        known_sshd.go_away()
        until(lambda: leftovers.viewers(known_sshd.home) == [])
        assert leftovers.files(known_sshd) == []
        known_sshd.start()
        session_status = until_it_is(api, session["session_id"], "running", timeout=60)
        assert session_status["remote_pid"] != session["remote_pid"]
        assert get_page(browser, base).status_code == 200, "the cookie of before is still good"
    (process,) = leftovers.viewers(known_sshd.home)
    assert process.pid == session_status["remote_pid"]


def test_a_remote_viewer_that_hangs_or_dies_is_reported(
    api: APIClient, starting: Body, known_sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "HEARTBEAT_SECONDS", 0.1)
    session = start(api, starting())
    until(lambda: status(api, session["session_id"])["last_seen"] > session["last_seen"] + 0.3)
    assert 0 < status(api, session["session_id"])["latency_ms"] < 5000
    limit = viewers.LIMITS["health"]
    monkeypatch.setitem(viewers.LIMITS, "health", 0.5)
    os.kill(session["remote_pid"], signal.SIGSTOP)
    session_status = until_it_is(api, session["session_id"], "reconnecting")
    assert session_status["error"] == "The viewer on 127.0.0.1 does not answer."
    monkeypatch.setitem(viewers.LIMITS, "health", limit)
    os.kill(session["remote_pid"], signal.SIGCONT)
    session_status = until_it_is(api, session["session_id"], "running")
    assert (session_status["error"], session_status["remote_pid"]) == (None, session["remote_pid"])
    os.kill(session["remote_pid"], signal.SIGKILL)
    session_status = until_it_is(api, session["session_id"], "failed")
    assert session_status["error"] == "The viewer on 127.0.0.1 has exited: killed by signal KILL."
    assert is_free(session["local_port"])
    until(lambda: ViewerSession.objects.get().error_message == session_status["error"])
    stop(api, session)
    assert api.get("/api/remote/viewer/sessions").json() == {"sessions": []}


@pytest.fixture
def near(start_viewer: Callable[..., Viewer], known_sshd: Sshd) -> Callable[[], Viewer]:
    """Start a viewer on this machine; its remote viewers wait three seconds for it."""
    our_environment(known_sshd.home)
    return lambda: start_viewer(RUNICORN_RATE_LIMIT="off", RUNICORN_REMOTE_PATIENCE="3")


def begun(viewer: Viewer, server: Sshd, root: Path) -> dict[str, Any]:
    """Return the session that a viewer started."""
    answer = viewer.post("/api/remote/viewer/start", json={**server.login(), "remote_root": str(root)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["session"])


def rows(home: Path) -> int:
    """Return the sessions in the local database."""
    with closing(sqlite3.connect(home / "data" / "runicorn.sqlite3")) as database:
        return int(database.execute("SELECT count(*) FROM remote_viewersession").fetchone()[0])


def test_a_remote_viewer_exits_with_the_server_and_some_time_after_a_kill(
    near: Callable[[], Viewer], known_sshd: Sshd, remote_store: Path, home: Path
) -> None:
    viewer = near()
    session = begun(viewer, known_sshd, remote_store)
    viewer.kill()
    assert rows(home) == 1
    until(lambda: leftovers.viewers(known_sshd.home) == [])
    assert leftovers.files(known_sshd) == []
    assert is_free(session["local_port"])
    again = near()
    assert again.get("/api/remote/viewer/sessions").json() == {"sessions": []}
    assert rows(home) == 0
    session = begun(again, known_sshd, remote_store)
    assert rows(home) == 1
    began = time.monotonic()
    assert again.stop() == 0
    assert time.monotonic() - began < 15
    until(lambda: leftovers.viewers(known_sshd.home) == [])
    assert leftovers.files(known_sshd) == []
    assert is_free(session["local_port"]) and rows(home) == 0


def test_the_server_removes_a_session_whose_viewer_does_not_answer(
    near: Callable[[], Viewer], known_sshd: Sshd, remote_store: Path, home: Path
) -> None:
    viewer = near()
    begun(viewer, known_sshd, remote_store)
    (there,) = leftovers.viewers(known_sshd.home)
    there.suspend()
    assert viewer.stop() == 0
    assert rows(home) == 0
    there.resume()
    until(lambda: leftovers.viewers(known_sshd.home) == [])
    assert leftovers.files(known_sshd) == []
