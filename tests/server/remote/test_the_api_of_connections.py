from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from remote.models import Connection
from remote.ssh import host_keys
from remote.ssh.loop import LoopThread
from remote.ssh.pool import pool
from tests.sshd import Sshd, keygen

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def serving(remote_loop: LoopThread) -> LoopThread:
    """Run the event loop, as in a server."""
    return remote_loop


def connect(api: APIClient, server: Sshd, **more: Any) -> Any:
    """Connect with the server's own key and return the response."""
    return api.post("/api/remote/connect", server.login(**more))


def test_a_connect_returns_the_connection_id(api: APIClient, known_sshd: Sshd) -> None:
    answer = connect(api, known_sshd)
    assert answer.json() == {
        "ok": True,
        "connection_id": known_sshd.id,
        "host": "127.0.0.1",
        "port": known_sshd.port,
        "username": known_sshd.username,
        "connected": True,
    }
    (session,) = api.get("/api/remote/sessions").json()["sessions"]
    assert (session["key"], session["connected"], session["state"]) == (known_sshd.id, True, "connected")
    assert session["auth_method"] == "key"


def test_a_connection_is_a_row_without_a_secret(api: APIClient, known_sshd: Sshd) -> None:
    connect(api, known_sshd)
    first = Connection.objects.get()
    connect(api, known_sshd)
    again = Connection.objects.get()
    assert again.connection_id == known_sshd.id
    assert again.first_connected == first.first_connected < again.last_connected
    assert set(vars(again)) - {"_state"} == {
        *("id", "host", "port", "username", "auth_method", "host_key_fingerprint"),
        *("first_connected", "last_connected"),
    }


def test_an_accepted_host_key_allows_the_next_connect(api: APIClient, sshd: Sshd) -> None:
    response = connect(api, sshd)
    assert response.status_code == 409
    detail = response.json()["detail"]
    key = detail.pop("host_key")
    assert detail == {"code": "HOST_KEY_CONFIRMATION_REQUIRED", "message": "Host key verification failed"}
    assert key["fingerprint_sha256"].startswith("SHA256:")
    assert {name: value for name, value in key.items() if name != "fingerprint_sha256"} == {
        "host": "127.0.0.1",
        "port": sshd.port,
        "known_hosts_host": f"[127.0.0.1]:{sshd.port}",
        "key_type": "ssh-ed25519",
        "public_key": sshd.public_key,
        "reason": "unknown",
    }
    fields = ("host", "port", "key_type", "public_key", "fingerprint_sha256")
    accepted = api.post("/api/remote/known-hosts/accept", {field: key[field] for field in fields})
    assert (accepted.status_code, accepted.json()) == (200, {"ok": True})
    assert connect(api, sshd).status_code == 200
    assert host_keys.path().read_text() == sshd.known_hosts_line
    assert host_keys.path().stat().st_mode & 0o777 == 0o600


def test_a_changed_key_shows_both_fingerprints(api: APIClient, known_sshd: Sshd) -> None:
    before = known_sshd.public_key
    known_sshd.stop()
    keygen(known_sshd.host_key)
    known_sshd.start()
    key = connect(api, known_sshd).json()["detail"]["host_key"]
    assert (key["reason"], key["public_key"]) == ("changed", known_sshd.public_key)
    assert key["expected_public_key"] == before
    assert key["expected_fingerprint_sha256"] != key["fingerprint_sha256"]
    assert not pool.all()
    fields = ("host", "port", "key_type", "public_key", "fingerprint_sha256")
    assert (
        api.post("/api/remote/known-hosts/accept", {field: key[field] for field in fields}).status_code == 200
    )
    assert connect(api, known_sshd).status_code == 200
    assert host_keys.path().read_text() == known_sshd.known_hosts_line


def test_a_changed_kind_of_key_is_a_changed_key(api: APIClient, known_sshd: Sshd) -> None:
    known_sshd.stop()
    keygen(known_sshd.host_key, "ecdsa")
    known_sshd.start()
    key = connect(api, known_sshd).json()["detail"]["host_key"]
    assert (key["reason"], key["key_type"]) == ("changed", "ecdsa-sha2-nistp256")
    assert key["expected_public_key"].startswith("ssh-ed25519 ")


def test_the_known_type_of_host_key_is_requested_first(api: APIClient, sshd: Sshd, tmp_path: Path) -> None:
    rsa = keygen(tmp_path / "rsa_key", "rsa")
    sshd.stop()
    sshd.settings = (f"HostKey {rsa}",)
    sshd.start()
    public = " ".join(rsa.with_suffix(".pub").read_text().split()[:2])
    host_keys.path().write_text(f"[127.0.0.1]:{sshd.port} {public}\n")
    assert connect(api, sshd).status_code == 200


def test_a_connection_is_closed_by_disconnect(api: APIClient, known_sshd: Sshd) -> None:
    connect(api, known_sshd)
    place = {"host": "127.0.0.1", "port": known_sshd.port, "username": known_sshd.username}
    answer = api.post("/api/remote/disconnect", place)
    assert answer.json() == {"ok": True, "message": "Connection removed"}
    assert api.get("/api/remote/sessions").json() == {"sessions": []}
    answer = api.post("/api/remote/disconnect", place)
    assert (answer.status_code, answer.json()) == (
        404,
        {"detail": f"Connection not found or inactive: {known_sshd.id}"},
    )


@pytest.mark.parametrize("route", ["conda-envs", "config", "fs/list", "fs/exists"])
def test_requests_without_a_connection_are_not_found(api: APIClient, route: str) -> None:
    for text in (
        "gpu",
        "me@gpu",
        "me@gpu:x",
        "@gpu:22",
        "me@gpu:22:23",
        "me@g pu:22",
        "me@gpu:99999",
        "-me@gpu:1",
        "{",
    ):
        answer = api.get(f"/api/remote/{route}", {"connection_id": text, "path": "~"})
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith(f"Invalid connection_id format: {text}.")
    answer = api.get(f"/api/remote/{route}", {"connection_id": "me@gpu:22", "path": "~"})
    assert (answer.status_code, answer.json()) == (
        404,
        {"detail": "Connection not found or inactive: me@gpu:22"},
    )


def test_a_stopped_event_loop_is_reported(api: APIClient, serving: LoopThread, sshd: Sshd) -> None:
    serving.stop()
    answer = connect(api, sshd)
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("Remote module not available: ")
