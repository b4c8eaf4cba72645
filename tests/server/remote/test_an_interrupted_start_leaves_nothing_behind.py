"""A start that fails before the remote viewer answers (connect, tunnel) leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections
from rest_framework.test import APIClient

from remote.errors import HostUnreachable
from remote.models import ViewerSession
from remote.ssh import host_keys
from remote.ssh.address import Address
from remote.ssh.loop import LoopThread
from remote.ssh.pool import PooledConnection, pool
from remote.viewers import session as viewers
from remote.viewers.session import Session, SessionParameters
from tests.server.remote import leftovers
from tests.server.remote.pythons import pretending
from tests.server.remote.relay import Relay
from tests.server.remote.starting import begin, is_free, status, stop, until_it_is
from tests.server.remote.test_a_failed_start_leaves_nothing_behind import assert_nothing_is_left, reports
from tests.server.remote.test_connection_errors import login_bytes
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]

Body = Callable[..., dict[str, Any]]
LOGGING_IN = "authenticating user"
"""Logged by a server that lost its client during the login."""


@pytest.fixture
def full() -> Iterator[int]:
    """A port whose backlog is full, so that no tunnel to it opens."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = int(server.getsockname()[1])
        try:
            while True:
                waiting = stack.enter_context(socket.socket())
                waiting.settimeout(1)
                waiting.connect(("127.0.0.1", port))
        except TimeoutError:
            yield port


def cut_start(api: APIClient, server: Sshd, body: dict[str, Any], after: int) -> str:
    """Cut a start after some bytes of the server, check that nothing is left, and return the error."""
    with Relay(server.port, cut_after=after) as relay:
        host_keys.path().write_text(f"[127.0.0.1]:{relay.port} {server.public_key}\n")
        answer = api.post("/api/remote/viewer/start", {**body, "port": relay.port})
    assert answer.status_code == 503
    until(lambda: not pool.all())
    until(lambda: not ViewerSession.objects.exists())
    assert api.get("/api/remote/viewer/sessions").json() == {"sessions": []}
    until(lambda: not server.sessions())
    assert leftovers.viewers(server.home) == [] and leftovers.files(server) == []
    return str(answer.json()["detail"])


def test_a_connection_cut_during_the_login_leaves_nothing(
    api: APIClient, starting: Body, known_sshd: Sshd, remote_loop: LoopThread
) -> None:
    whole, body = login_bytes(known_sshd, remote_loop), starting()
    early = "closed the connection before the login. Check that it is an SSH server"
    for after in (10, whole // 4, whole // 2):
        assert early in cut_start(api, known_sshd, body, after)
    assert LOGGING_IN not in known_sshd.output  # these were cut before the key exchange
    shares = (share / 100 for share in range(97, 60, -3))
    assert any(
        early in cut_start(api, known_sshd, body, int(whole * share)) and LOGGING_IN in known_sshd.output
        for share in shares
    )


def test_a_start_is_cancelled_while_its_connection_hangs(
    api: APIClient, starting: Body, known_sshd: Sshd
) -> None:
    body = starting()
    with Relay(known_sshd.port, mute_after=100) as relay:
        host_keys.path().write_text(f"[127.0.0.1]:{relay.port} {known_sshd.public_key}\n")
        session = status(api, begin(api, {**body, "port": relay.port}))
        assert (session["stage"], session["status"]) == ("connect", "connecting")
        until(known_sshd.sessions)
        stop(api, session)
        assert is_free(session["local_port"])
        assert not ViewerSession.objects.exists()
    until(lambda: not known_sshd.sessions())


def test_a_request_waiting_for_a_stopped_start_gets_an_error(
    api: APIClient, starting: Body, known_sshd: Sshd
) -> None:
    def ask(body: dict[str, Any]) -> Any:
        try:
            return APIClient().post("/api/remote/viewer/start", body, format="json")
        finally:
            connections.close_all()

    body = starting()
    with Relay(known_sshd.port, mute_after=100) as relay, ThreadPoolExecutor(1) as thread:
        host_keys.path().write_text(f"[127.0.0.1]:{relay.port} {known_sshd.public_key}\n")
        waiting = thread.submit(ask, {**body, "port": relay.port})
        (session,) = until(lambda: api.get("/api/remote/viewer/sessions").json()["sessions"])
        until(known_sshd.sessions)
        stop(api, session)
        answer = waiting.result(30)
    assert (answer.status_code, answer.json()["detail"]) == (503, "The start of the viewer was stopped.")
    assert is_free(session["local_port"])
    assert not ViewerSession.objects.exists()


@pytest.mark.parametrize("error", [HostUnreachable("No such host."), ZeroDivisionError()])
def test_a_session_stopped_during_cleanup_leaves_nothing(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        session = Session(Address("gpu7", 22, "me"), SessionParameters("/store"), lambda session: None)
        clearing, close = asyncio.Event(), session.tunnel.close

        async def hang() -> None:
            clearing.set()
            await asyncio.Event().wait()

        async def fail() -> PooledConnection:
            raise error

        monkeypatch.setattr(session.tunnel, "close", hang)
        session.begin(fail)
        await clearing.wait()
        monkeypatch.setattr(session.tunnel, "close", close)
        assert not is_free(session.tunnel.port)
        await session.end()
        assert (session.state, is_free(session.tunnel.port)) == ("stopped", True)
        assert session.ready.done()

    asyncio.run(scenario())


def test_a_connection_cut_while_the_tunnel_opens_leaves_nothing(
    api: APIClient, starting: Body, known_sshd: Sshd, full: int
) -> None:
    pretending(known_sshd.home, reports(full), "venv")
    session_id = begin(api, starting(conda_env="venv"))
    until(lambda: status(api, session_id)["stage"] == "tunnel")
    known_sshd.cut()
    session = until_it_is(api, session_id, "failed")
    assert session["error"] == f"The connection to {known_sshd.id} was lost. Connect again."
    assert_nothing_is_left(known_sshd, session)
    stop(api, session)
    assert not ViewerSession.objects.exists()


def test_the_tunnel_has_a_time_limit(
    api: APIClient, starting: Body, known_sshd: Sshd, full: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(viewers.LIMITS, "tunnel", 1.0)
    pretending(known_sshd.home, reports(full), "venv")
    answer = api.post("/api/remote/viewer/start", starting(conda_env="venv"))
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "127.0.0.1 did not open the tunnel to the viewer within 1 s. Try again.",
    )
    assert api.get("/api/remote/viewer/sessions").json() == {"sessions": []}
    until(lambda: not leftovers.processes(known_sshd.home, "cat"))
    until(lambda: not ViewerSession.objects.exists())
