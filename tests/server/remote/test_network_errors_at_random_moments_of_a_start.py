"""Hundreds of starts over connections that are cut or corrupted at random offsets."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from remote.models import ViewerSession
from remote.ssh import host_keys
from remote.ssh.pool import pool
from tests.server.remote import leftovers
from tests.server.remote.relay import Relay
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = [
    pytest.mark.needs("sshd"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.torture,
    pytest.mark.timeout(1800),
]
Body = Callable[..., dict[str, Any]]
STARTS = 100


def begin(api: APIClient, server: Sshd, body: dict[str, Any], **faults: Any) -> tuple[Any, int]:
    """Start a viewer over a faulty network, stop it if it started, and return how many bytes the server sent."""
    with Relay(server.port, **faults) as relay:
        host_keys.path().write_text(f"[127.0.0.1]:{relay.port} {server.public_key}\n")
        there = {"host": "127.0.0.1", "port": relay.port, "username": server.username}
        answer = api.post("/api/remote/viewer/start", {**body, "port": relay.port})
        passed = relay.passed
        if answer.status_code == 200:
            api.post("/api/remote/viewer/stop", {"session_id": answer.json()["session"]["session_id"]})
        api.post("/api/remote/disconnect", there)
    return answer, passed


def check(api: APIClient, server: Sshd, answer: Any, what: str) -> None:
    """Check that the start succeeded or its error has a sentence, and that nothing is left on this side."""
    detail = answer.json().get("detail", "")
    if answer.status_code == 409:  # the changed byte was in the host key
        detail = detail["message"] + "."
    assert answer.status_code in (200, 409, 503), (what, answer.content)
    assert answer.status_code == 200 or (detail.endswith(".") and "wrong; the log" not in detail), (
        what,
        detail,
    )
    assert api.get("/api/remote/viewer/sessions").json() == {"sessions": []}, what
    until(lambda: not pool.all())
    until(lambda: not server.sessions())
    until(lambda: not ViewerSession.objects.exists())


def nothing_is_left(server: Sshd) -> None:
    """Check that remote viewers without their owner have ended too."""
    until(lambda: leftovers.viewers(server.home) == [])
    assert leftovers.files(server) == []


@pytest.mark.parametrize("kind", ["cut", "garbled"])
def test_a_start_survives_network_errors_at_any_moment(
    kind: str, api: APIClient, starting: Body, known_sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_REMOTE_PATIENCE", "1")
    body = starting()
    answer, whole = begin(api, known_sshd, body)
    assert answer.status_code == 200 and whole > 5000
    became: dict[int, int] = {}
    for seed in range(STARTS):
        chance = random.Random(seed)
        place = chance.randrange(int(whole * 1.05))
        if kind == "cut":
            faults: dict[str, Any] = {"cut_after": place}
        else:
            faults = {"garbled": {place: chance.randrange(256)}}
        answer, _ = begin(api, known_sshd, body, **faults)
        check(api, known_sshd, answer, f"{kind} at {place} of {whole}")
        became[answer.status_code] = became.get(answer.status_code, 0) + 1
    nothing_is_left(known_sshd)
    assert became[503] > STARTS // 2, became
