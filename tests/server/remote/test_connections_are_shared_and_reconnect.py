from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from remote.errors import AuthenticationFailed, ConnectionLost, ConnectionNotFound
from remote.ssh import host_keys, login
from remote.ssh import pool as connections
from remote.ssh.address import Address, address
from remote.ssh.credentials import Credentials
from remote.ssh.loop import LoopThread
from remote.ssh.pool import Pool, PooledConnection, pool
from tests.server.remote.relay import FakeServer, Relay
from tests.sshd import Sshd, keygen
from tests.waiting import until

pytestmark = pytest.mark.needs("sshd")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use pauses and keepalives of tenths of a second."""
    monkeypatch.setattr(connections, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(connections, "PING_SECONDS", 0.1)
    monkeypatch.setitem(login.CONNECT_OPTIONS, "keepalive_interval", 0.2)


@pytest.fixture
def place(known_sshd: Sshd) -> Address:
    """The address of the server."""
    return address(known_sshd.host, known_sshd.port, known_sshd.username)


@pytest.fixture
def key(known_sshd: Sshd) -> Credentials:
    """Valid credentials."""
    return Credentials(private_key_path=str(known_sshd.key))


def state(loop: LoopThread, connection: PooledConnection) -> str:
    """Return its state, read in the event loop."""

    async def read() -> str:
        return connection.state

    return loop.run(read(), 5)


def test_the_same_credentials_share_a_connection(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    first = remote_loop.run(pool.open(place, key), 15)
    again = remote_loop.run(pool.open(place, Credentials(private_key_path=str(known_sshd.key))), 15)
    assert again is first
    until(lambda: known_sshd.logins() == 1)


def test_other_credentials_must_be_accepted_by_the_host(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    first = remote_loop.run(pool.open(place, key), 15)
    for wrong in (
        Credentials(password="wrong"),
        Credentials(private_key_path=str(keygen(known_sshd.folder / "other"))),
        Credentials(private_key_path=str(known_sshd.key) + "x"),
    ):
        with pytest.raises((AuthenticationFailed, login.InvalidKey)):
            remote_loop.run(pool.open(place, wrong), 15)
    text = Credentials(private_key=known_sshd.key.read_text())
    assert remote_loop.run(pool.open(place, text), 15) is first
    until(lambda: known_sshd.logins() == 1)
    # A login may be logged after the client knows of it.
    until(lambda: known_sshd.output.count("Accepted publickey") == 2)
    assert remote_loop.run(pool.open(place, text), 15) is first
    assert known_sshd.output.count("Accepted publickey") == 2, "a proof that was given is asked for again"


def test_two_concurrent_connects_share_one_connection(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    async def all_at_once() -> list[PooledConnection]:
        return await asyncio.gather(*(pool.open(place, key) for _ in range(8)))

    assert len(set(remote_loop.run(all_at_once(), 20))) == 1
    until(lambda: known_sshd.logins() == 1)
    assert len(pool.all()) == 1


def test_a_lost_connection_without_a_claim_is_removed(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    connection = remote_loop.run(pool.open(place, key), 15)
    known_sshd.cut()
    until(lambda: not pool.all())
    assert state(remote_loop, connection) == "closed"
    with pytest.raises(ConnectionNotFound):
        pool.get(connection.id)
    assert remote_loop.run(pool.open(place, key), 15) is not connection


def test_a_claimed_connection_reconnects(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    connection = remote_loop.run(pool.open(place, key), 15)
    connection.claim("viewer")
    first = connection.link
    known_sshd.stop()
    # An attempt before the server has ended is cut instead.
    until(lambda: connection.attempts >= 2 and "refused the connection" in connection.error)
    assert state(remote_loop, connection) == "reconnecting"
    with pytest.raises(ConnectionNotFound):
        pool.get(connection.id)
    assert pool.get(connection.id, connected=False) is connection
    assert pool.all() == [connection]
    known_sshd.start()
    until(lambda: state(remote_loop, connection) == "connected")
    assert connection.link is not first and connection.error == "" and connection.attempts == 0
    assert remote_loop.run(connection.link.run("echo", "back"), 10).stdout == b"back\n"
    second = connection.link
    known_sshd.cut()
    until(lambda: connection.link is not second and state(remote_loop, connection) == "connected")


def test_pauses_between_attempts_grow(
    known_sshd: Sshd,
    remote_loop: LoopThread,
    place: Address,
    key: Credentials,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempts: list[float] = []
    whole = login.connect

    async def noted(*arguments: Any) -> Any:
        attempts.append(time.monotonic())
        return await whole(*arguments)

    connection = remote_loop.run(pool.open(place, key), 15)
    connection.claim("viewer")
    monkeypatch.setattr(login, "connect", noted)
    known_sshd.stop()
    until(lambda: len(attempts) >= 5)
    gaps = [later - earlier for earlier, later in pairwise(attempts)]
    assert all(gap >= 0.1 * 2**number * 0.8 for number, gap in enumerate(gaps))


def test_releasing_a_connection_ends_its_reconnects(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    connection = remote_loop.run(pool.open(place, key), 15)
    connection.claim("viewer")
    known_sshd.stop()
    until(lambda: connection.attempts >= 1)

    async def release() -> None:
        connection.release("viewer")

    remote_loop.run(release(), 5)
    until(lambda: not pool.all())
    assert state(remote_loop, connection) == "closed"


def test_a_login_that_is_refused_is_not_tried_again(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    connection = remote_loop.run(pool.open(place, key), 15)
    connection.claim("viewer")
    known_sshd.authorized.write_text("")
    known_sshd.cut()
    until(lambda: not pool.all())
    assert "Authentication failed" in connection.error
    assert known_sshd.output.count("Failed publickey") <= 1


def test_another_host_at_the_address_of_a_lost_one_is_not_trusted(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    connection = remote_loop.run(pool.open(place, key), 15)
    connection.claim("viewer")
    known_sshd.stop()
    keygen(known_sshd.host_key)
    known_sshd.start()
    until(lambda: not pool.all())
    assert "presents a different key than before" in connection.error
    assert "Accepted" not in known_sshd.output.rpartition("Server listening")[2]


def test_a_new_connect_restores_a_lost_connection(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "FIRST_PAUSE", 60.0)
    text = Credentials(private_key=known_sshd.key.read_text())
    connection = remote_loop.run(pool.open(place, text), 15)
    connection.claim("viewer")
    known_sshd.stop()
    until(lambda: connection.attempts >= 1)
    known_sshd.start()
    assert remote_loop.run(pool.open(place, text), 15) is connection
    assert state(remote_loop, connection) == "connected"
    link = connection.link
    known_sshd.cut()
    until(lambda: connection.link is not link and state(remote_loop, connection) == "connected")
    assert connection.attempts == 0


def test_a_silent_host_is_treated_as_lost(
    known_sshd: Sshd, remote_loop: LoopThread, key: Credentials
) -> None:
    with Relay(known_sshd.port) as relay:
        host_keys.path().write_text(f"[127.0.0.1]:{relay.port} {known_sshd.public_key}\n")
        connection = remote_loop.run(
            pool.open(address("127.0.0.1", relay.port, known_sshd.username), key), 15
        )
        relay.mute_after = 0
        until(lambda: not pool.all())
        assert state(remote_loop, connection) == "closed"


def test_latency_and_last_response_are_measured(
    known_sshd: Sshd, remote_loop: LoopThread, key: Credentials
) -> None:
    with Relay(known_sshd.port, delay=0.02) as relay:
        host_keys.path().write_text(f"[127.0.0.1]:{relay.port} {known_sshd.public_key}\n")
        connection = remote_loop.run(
            pool.open(address("127.0.0.1", relay.port, known_sshd.username), key), 15
        )
        until(lambda: connection.latency is not None and connection.latency >= 0.04)
        last_response = connection.seen_at
        until(lambda: connection.seen_at > last_response)
        assert connection.to_dict()["latency_ms"] >= 40


def test_viewers_are_stopped_before_their_connection_closes(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    events: list[str] = []

    async def callback(connection: PooledConnection) -> None:
        events.append(f"{connection.id} {connection.state}")

    connection = remote_loop.run(pool.open(place, key), 15)
    pool.before_close.append(callback)
    try:
        remote_loop.run(pool.close(connection.id), 15)
    finally:
        pool.before_close.remove(callback)
    assert events == [f"{connection.id} connected"]
    until(lambda: known_sshd.logins() == 0)


@pytest.mark.parametrize(
    "use",
    [
        lambda connection: connection.link.run("sleep", "60", timeout=30),
        lambda connection: connection.link.run("yes", timeout=30, limit=10**12),
        lambda connection: _forwarding(connection),
    ],
    ids=["command", "output", "port"],
)
def test_a_connection_cut_during_an_operation_is_reported(
    known_sshd: Sshd,
    remote_loop: LoopThread,
    place: Address,
    key: Credentials,
    use: Callable[[PooledConnection], Awaitable[Any]],
) -> None:
    connection = remote_loop.run(pool.open(place, key), 15)

    async def use_and_cut() -> None:
        using = asyncio.ensure_future(use(connection))
        await asyncio.sleep(0.2)
        known_sshd.cut()
        async with asyncio.timeout(60):
            await using

    with pytest.raises(ConnectionLost, match=r"was lost\. Connect again"):
        remote_loop.run(use_and_cut(), 120)
    until(lambda: not known_sshd.sessions())


async def _forwarding(connection: PooledConnection) -> None:
    """Read from a silent port of the remote host."""
    with FakeServer(b"") as silent:
        reader, _ = await connection.link.dial(silent.port)
        async with connection.link.ssh_errors():
            await reader.read(1)


def test_the_credentials_of_a_closed_connection_are_forgotten(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address
) -> None:
    text = known_sshd.key.read_text() + "# a mark of this test"
    connection = remote_loop.run(pool.open(place, Credentials(private_key=text)), 15)
    assert _remembered(text)
    remote_loop.run(pool.close(connection.id), 15)
    assert not vars(connection)["_credentials"] and not connection.proofs
    until(lambda: not _remembered(text))


def _remembered(text: str) -> bool:
    gc.collect()
    return any(
        type(candidate) is Credentials and candidate.private_key == text for candidate in gc.get_objects()
    )


def test_credentials_have_no_secrets_in_their_repr() -> None:
    credentials = Credentials("pass-a", "key-b", "path-c", "phrase-d")
    for text in (
        repr(credentials),
        str(credentials),
        f"{credentials}",
        repr([credentials]),
        repr({"a": credentials}),
    ):
        assert not any(secret in text for secret in ("pass-a", "key-b", "path-c", "phrase-d"))
    assert credentials.proof != Credentials("pass-a", "key-b", "path-c", "phrase-e").proof


def test_all_connections_end_together_even_where_a_host_hangs(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    own = Pool()

    async def hang(connection: PooledConnection) -> None:
        await asyncio.sleep(60)

    own.before_close.append(hang)
    remote_loop.run(own.open(place, key), 15)
    with FakeServer(b"") as silent:
        connecting = asyncio.run_coroutine_threadsafe(
            own.open(address("127.0.0.1", silent.port, "me"), Credentials(password="x")),
            remote_loop._loop,  # type: ignore[arg-type]
        )
        began = time.monotonic()
        remote_loop.stop(lambda: own.close_all(0.3), timeout=1)
        assert time.monotonic() - began < 10
        assert connecting.cancelled() or connecting.exception() is not None
    until(lambda: known_sshd.logins() == 0)


def test_partial_output_of_a_command_is_not_returned_after_a_lost_connection(
    known_sshd: Sshd, remote_loop: LoopThread, place: Address, key: Credentials
) -> None:
    connection = remote_loop.run(pool.open(place, key), 15)
    # It closes its transport, whose end would be logged as an error otherwise.
    script = "printf half; exec >&- 2>&-; sleep 0.3; kill -9 $PPID; sleep 9"
    with pytest.raises(ConnectionLost):
        remote_loop.run(connection.link.run("/bin/sh", "-c", script), 15)
    until(lambda: not pool.all())
