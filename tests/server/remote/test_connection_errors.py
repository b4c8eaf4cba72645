"""Connection errors come within the time limit, name cause and remedy, and leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from remote.errors import AuthenticationFailed, ConnectionLost, HostKeyConflict, HostUnreachable, RemoteError
from remote.ssh import host_keys, login
from remote.ssh.address import Address, address
from remote.ssh.credentials import Credentials
from remote.ssh.loop import LoopThread
from remote.ssh.pool import pool
from tests.processes import free_port
from tests.secrecy import secret
from tests.server.remote.relay import FakeServer, Relay
from tests.sshd import Sshd, keygen
from tests.system_users import SystemUser, system_user
from tests.waiting import until

pytestmark = pytest.mark.needs("sshd")
LIMIT = 0.2
"""Seconds instead of ten, for tests that wait for the limit."""


@pytest.fixture(autouse=True)
def nothing_left(remote_loop: LoopThread) -> Iterator[None]:
    """Check after each error that no connection, task or socket is left."""
    before = _sockets()

    async def tasks() -> int:
        return len(asyncio.all_tasks()) - 1

    yield
    until(lambda: remote_loop.run(tasks(), 60) == 0)
    assert not pool.all()
    until(lambda: _sockets() <= before)


def _sockets() -> int:
    mine = psutil.Process(os.getpid()).net_connections("tcp")
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in mine)


def attempt(
    loop: LoopThread,
    port: int,
    username: str = "",
    host: str = "127.0.0.1",
    limit: float = 10,
    **credentials: Any,
) -> RemoteError:
    """Return the error of a connect, which must fail in time."""
    place = address(host, port, username or "me")
    began = time.monotonic()
    with pytest.raises(RemoteError) as error:
        loop.run(login.connect(place, Credentials(**credentials), limit), limit + 60)
    assert time.monotonic() - began < limit + 30
    sentence = str(error.value.detail)
    assert sentence.endswith(".") and len(sentence) < 400
    return error.value


@pytest.fixture(scope="module")
def person() -> Iterator[SystemUser]:
    """A user who can log in with a password."""
    with system_user() as who:
        yield who


def test_a_password_is_accepted_and_a_wrong_one_is_refused(
    known_sshd: Sshd, remote_loop: LoopThread, person: SystemUser
) -> None:
    for wrong in ("", "wrong", person.password + " ", "x" * 1024):
        error = attempt(remote_loop, known_sshd.port, person.name, password=wrong)
        assert isinstance(error, AuthenticationFailed)
        assert str(error.detail) == (
            f"Authentication failed for {person.name}@127.0.0.1: the password was not accepted."
            " Check the user name and the password, or use a key."
        )
    place = address("127.0.0.1", known_sshd.port, person.name)
    link = remote_loop.run(login.connect(place, Credentials(password=person.password)), 15)
    assert remote_loop.run(link.run("id", "-un"), 15).stdout.decode().strip() == person.name
    remote_loop.run(link.close(), 5)


def test_a_password_is_accepted_by_keyboard_interactive_login(
    start_sshd: Callable[..., Sshd], remote_loop: LoopThread, person: SystemUser
) -> None:
    if not Path("/etc/pam.d/sshd").exists():
        pytest.skip("there is no PAM service for sshd")
    server = start_sshd("PasswordAuthentication no", "KbdInteractiveAuthentication yes", "UsePAM yes")
    host_keys.path().write_text(server.known_hosts_line)
    attempt(remote_loop, server.port, person.name, password="wrong")
    place = address("127.0.0.1", server.port, person.name)
    link = remote_loop.run(login.connect(place, Credentials(password=person.password)), 15)
    remote_loop.run(link.close(), 5)


@pytest.mark.parametrize("name", ["a\u2460", "\uff45", "e\u0301", "\u05d0a"])
def test_a_name_that_ssh_would_change_is_refused(
    known_sshd: Sshd, remote_loop: LoopThread, name: str
) -> None:
    assert attempt(remote_loop, known_sshd.port, name, password="x").status_code == 400


def test_an_unknown_user_is_reported_like_a_wrong_password(known_sshd: Sshd, remote_loop: LoopThread) -> None:
    wrong = secret()
    error = attempt(remote_loop, known_sshd.port, "no-such-user", password=wrong)
    assert isinstance(error, AuthenticationFailed)
    assert "Check the user name" in str(error.detail) and wrong not in str(error.detail)


def test_a_key_that_the_host_rejects_is_reported(
    known_sshd: Sshd, remote_loop: LoopThread, tmp_path: Path
) -> None:
    other = keygen(tmp_path / "other")
    error = attempt(remote_loop, known_sshd.port, known_sshd.username, private_key_path=str(other))
    assert isinstance(error, AuthenticationFailed)
    assert "the key was not accepted" in str(error.detail) and "authorized_keys" in str(error.detail)


def test_an_unknown_host_name_is_reported(remote_loop: LoopThread) -> None:
    error = attempt(remote_loop, 22, host="nowhere.invalid", password="x")
    assert isinstance(error, HostUnreachable)
    assert "nowhere.invalid" in str(error.detail)


def test_a_closed_port_is_reported(remote_loop: LoopThread) -> None:
    error = attempt(remote_loop, free_port(), password="x")
    assert isinstance(error, HostUnreachable)
    assert "refused the connection. Check the port" in str(error.detail)


@pytest.mark.parametrize("says", [b"", b"SSH-2.0-hang\r\n", b"SSH-2.0-OpenSSH_9.9\r\n\0\0\1\0"])
def test_a_hanging_host_is_reported_in_time(remote_loop: LoopThread, says: bytes) -> None:
    with FakeServer(says) as host:
        error = attempt(remote_loop, host.port, limit=LIMIT, password="x")
    assert isinstance(error, HostUnreachable)
    assert "did not answer within" in str(error.detail)


@pytest.mark.parametrize(
    "says",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"220 mail.example.org ESMTP\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-1.5-old\r\n",
        b"SSH-2.0-\xff\xfe\r\n",
        b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff",
        b"SSH-2.0-x\r\n\0\0\0\x0c\x0a\x14aaaaaaaaaaaaaa",
        b"\0" * 100_000,
        os.urandom(5000),
    ],
    ids=["http", "smtp", "tls", "ssh1", "not utf-8", "huge packet", "odd packet", "zeros", "noise"],
)
def test_a_server_with_another_protocol_is_reported(remote_loop: LoopThread, says: bytes) -> None:
    for hangs_up in (True, False):
        with FakeServer(says, hangs_up=hangs_up) as host:
            error = attempt(remote_loop, host.port, limit=LIMIT, password="x")
        assert isinstance(error, HostUnreachable)


@pytest.mark.parametrize("says", [b"x" * 65536, b"a line\r\n" * 1000], ids=["no line", "lines"])
def test_a_host_that_sends_endless_data_is_reported(remote_loop: LoopThread, says: bytes) -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    with FakeServer(says, endless=True) as host:
        error = attempt(remote_loop, host.port, limit=LIMIT, password="x")
    assert isinstance(error, HostUnreachable)
    assert process.memory_info().rss - before < 50e6


def login_bytes(server: Sshd, loop: LoopThread) -> int:
    """Return how many bytes a server sends until a login succeeds."""
    with Relay(server.port) as relay:
        host_keys.path().write_text(f"[127.0.0.1]:{relay.port} {server.public_key}\n")
        place = address("127.0.0.1", relay.port, server.username)
        link = loop.run(login.connect(place, Credentials(private_key_path=str(server.key))), 15)
        passed = relay.passed
        loop.run(link.close(), 5)
    return passed


@pytest.mark.parametrize("way", ["cut_after", "mute_after"])
def test_a_connection_that_breaks_in_any_stage_is_reported(
    known_sshd: Sshd, remote_loop: LoopThread, way: str
) -> None:
    whole = login_bytes(known_sshd, remote_loop)
    steps = 12 if way == "cut_after" else 4
    for number in range(steps):
        with Relay(known_sshd.port, **{way: whole * number // steps}) as relay:
            host_keys.path().write_text(f"[127.0.0.1]:{relay.port} {known_sshd.public_key}\n")
            place = address("127.0.0.1", relay.port, known_sshd.username)
            work = connect_and_wait(place, Credentials(private_key_path=str(known_sshd.key)))
            assert remote_loop.run(work, 120) in ("unreachable", "ended")
    until(lambda: not known_sshd.sessions())


async def connect_and_wait(place: Address, credentials: Credentials) -> str:
    """Connect, and return how the connection ended."""
    try:
        link = await login.connect(place, credentials, LIMIT)
    except HostUnreachable:
        return "unreachable"
    try:
        async with asyncio.timeout(60):
            await link.ended.wait()
    except TimeoutError:
        return "hangs"
    finally:
        await link.close()
    return "ended"


def garble(server: Sshd, loop: LoopThread, seed: int) -> None:
    """Connect while a relay changes some bytes of the server."""
    chance = random.Random(seed)
    places = [chance.randrange(2200) for _ in range(chance.choice([1, 1, 2, 5, 20]))]
    with Relay(server.port, garbled={place: chance.randrange(256) for place in places}) as relay:
        host_keys.path().write_text(f"[127.0.0.1]:{relay.port} {server.public_key}\n")
        place = address("127.0.0.1", relay.port, server.username)
        try:
            link = loop.run(login.connect(place, Credentials(private_key_path=str(server.key)), LIMIT), 10)
        except (HostUnreachable, HostKeyConflict) as error:
            assert error.detail
        else:
            loop.run(link.close(), 5)


@pytest.mark.parametrize("seed", range(6))
def test_changed_bytes_are_detected(known_sshd: Sshd, remote_loop: LoopThread, seed: int) -> None:
    garble(known_sshd, remote_loop, seed)


@pytest.mark.torture
def test_changed_bytes_are_detected_at_many_offsets(known_sshd: Sshd, remote_loop: LoopThread) -> None:
    for seed in range(100, 1100):
        garble(known_sshd, remote_loop, seed)


def test_a_process_without_a_user_name_can_connect(
    known_sshd: Sshd, remote_loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "x")  # restores what the test sets
        monkeypatch.delenv(variable)
    monkeypatch.setattr(os, "getuid", lambda: 987_654_321)
    place = address("127.0.0.1", known_sshd.port, known_sshd.username)
    credentials = Credentials(private_key_path=str(known_sshd.key))
    remote_loop.run(remote_loop.run(login.connect(place, credentials), 15).close(), 5)


def test_the_time_limit_is_ten_seconds() -> None:
    assert login.CONNECT_SECONDS == 10


def test_an_operation_started_on_a_breaking_connection_reports_the_loss(
    known_sshd: Sshd, remote_loop: LoopThread
) -> None:
    place = address(known_sshd.host, known_sshd.port, known_sshd.username)
    link = remote_loop.run(login.connect(place, Credentials(private_key_path=str(known_sshd.key))), 15)

    async def begin() -> None:
        link._connection.abort()
        await link.run("true")

    with pytest.raises(ConnectionLost):
        remote_loop.run(begin(), 10)
