"""False reports of a remote host are refused or shown, and pages and sessions go on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from remote.models import ViewerSession
from remote.services import mirrors
from remote.ssh.pool import pool
from remote.viewers import session as viewers
from remote.viewers.session import Session
from runicorn.remote_protocol import IMPLEMENTATION, BadLine, parse_status_report
from tests.folders import write_run
from tests.server.remote import leftovers
from tests.server.remote.pythons import pretending
from tests.server.remote.starting import begin, is_free, status, until_it_is
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]
Body = Callable[..., dict[str, Any]]
HONEST = {
    "implementation": IMPLEMENTATION,
    "version": "1.0.0",
    "port": 1,
    "pid": 1,
    "root": "/r",
    "time": 1.0,
}
FALSE_REPORTS: list[dict[str, Any]] = [
    {"time": float("nan")},
    {"time": float("inf")},
    {"time": -1},
    {"time": 10**400},
    {"time": "now"},
    {"port": -1},
    {"port": 0},
    {"port": 70_000},
    {"port": 10**30},
    {"port": True},
    {"pid": 10**30},
    {"pid": -7},
    {"version": "1.0\x1b[2J"},
    {"version": "1" * 10_000},
    {"root": "\ud800"},
    {"root": "a\0b"},
    {"root": ""},
    {"proof": "\udcff"},
    {"implementation": "runicorn"},
]


@pytest.mark.parametrize("false", FALSE_REPORTS, ids="-".join)
def test_an_invalid_report_is_rejected(false: dict[str, Any]) -> None:
    parse_status_report(json.dumps(HONEST))
    with pytest.raises(BadLine):
        parse_status_report(json.dumps(HONEST | false))


def test_an_invalid_report_is_skipped(
    api: APIClient, starting: Body, known_sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(viewers.LIMITS, "start", 2.0)
    reports = "\n".join(json.dumps(HONEST | false) for false in FALSE_REPORTS)
    pretending(known_sshd.home, f"cat <<'EOF'\n{reports}\nEOF\nexec cat > /dev/null", "venv")
    answer = api.post("/api/remote/viewer/start", starting(conda_env="venv"))
    assert answer.status_code == 503 and "did not start" in answer.json()["detail"]


def test_an_internal_error_ends_a_session_and_is_reported(
    api: APIClient, client: Client, starting: Body, known_sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: Session) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Session, "_heartbeat", broken)
    session_id = begin(api, starting())
    session = until_it_is(api, session_id, "failed")
    assert session["error"] == "Internal error; the log of this viewer has the details."
    until(lambda: is_free(session["local_port"]))
    until(lambda: leftovers.viewers(known_sshd.home) == [])
    assert client.get("/remote").status_code == client.get(f"/remote/viewers/{session_id}").status_code == 200
    until(lambda: ViewerSession.objects.filter(state="failed").exists())
    assert api.post("/api/remote/viewer/stop", {"session_id": session_id}).status_code == 200
    assert not pool.get(known_sshd.id).needed
    assert status(api, session_id) == {"detail": f"Session not found: {session_id}"}


def test_names_in_no_encoding_are_mirrored_and_shown(
    client: Client, store: Path, known_sshd: Sshd, remote_store: Path, starting: Body
) -> None:
    run_id = write_run(remote_store, metrics=[{"loss": 0.5}])
    media = remote_store / "vision" / "resnet" / "runs" / run_id / "media"
    (media / os.fsdecode(b"\xff odd.bin")).write_bytes(b"x" * 10)
    (media / "\u202eevil\u200b.bin").write_bytes(b"x" * 20)
    starting()
    client.post("/api/remote/connect", known_sshd.login(), content_type="application/json")
    form = {"connection": known_sshd.id, "environment": ".venv", "root": str(remote_store)}
    mirror = mirrors.get_mirror(client.post("/remote/mirrors", form)["Location"].rpartition("/")[2])
    assert mirror.over.wait(60) and (mirror.state, mirror.error) == ("finished", "")
    for name in (os.fsdecode(b"\xff odd.bin"), "somewhere else"):
        mirror.progress(1, 1, f"vision/resnet/runs/{run_id}/media/{name}")
        mirror.state = "running"
        assert client.get(f"/remote/mirrors/{mirror.id}").status_code == 200
        assert client.get("/remote").status_code == 200
    mirror.state = "finished"
