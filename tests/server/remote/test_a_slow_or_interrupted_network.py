"""A server in its own network namespace, slowed down or cut off."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from remote.ssh import host_keys, login
from remote.ssh import pool as connections
from remote.ssh.address import address
from remote.ssh.credentials import Credentials
from remote.ssh.loop import LoopThread
from remote.ssh.pool import pool
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd", "ip", "tc"), pytest.mark.usefixtures("home")]


def command(*arguments: str) -> bool:
    """Run a program and return whether it succeeded."""
    return subprocess.run(arguments, capture_output=True, check=False).returncode == 0


class Namespace:
    """A network namespace with a pair of interfaces, one of them on this side."""

    def __init__(self) -> None:
        mark = secrets.token_hex(3)
        self.name, self.here, self.there = f"rt{mark}", f"rta{mark}", f"rtb{mark}"
        number = secrets.randbelow(250)
        self.host, self.gate = f"198.18.{number}.2", f"198.18.{number}.1"

    def make(self) -> bool:
        """Return whether this user may create namespaces on this machine."""
        inside = ("ip", "netns", "exec", self.name)
        return (
            command("ip", "netns", "add", self.name)
            and command("ip", "link", "add", self.here, "type", "veth", "peer", "name", self.there)
            and command("ip", "link", "set", self.there, "netns", self.name)
            and command("ip", "addr", "add", f"{self.gate}/24", "dev", self.here)
            and command("ip", "link", "set", self.here, "up")
            and command(*inside, "ip", "addr", "add", f"{self.host}/24", "dev", self.there)
            and command(*inside, "ip", "link", "set", self.there, "up")
        )

    def remove(self) -> None:
        """Remove the namespace and its interfaces."""
        command("ip", "link", "del", self.here)
        command("ip", "netns", "del", self.name)

    def cut(self, cut: bool) -> None:
        """Drop all packets silently, or let them pass again."""
        state = "down" if cut else "up"
        command("ip", "netns", "exec", self.name, "ip", "link", "set", self.there, state)


class FarSshd(Sshd):
    """An SSH server in a namespace."""

    def __init__(self, folder: Path, space: Namespace) -> None:
        super().__init__(folder)
        self.host = space.host
        self.prefix = ("ip", "netns", "exec", space.name)


@pytest.fixture
def space() -> Iterator[Namespace]:
    """A network namespace; skips the test where that is not allowed."""
    namespace = Namespace()
    try:
        if os.getuid() != 0 or not shutil.which("ip") or not namespace.make():
            pytest.skip("this machine allows no network namespace: loss and delay are not tried")
        yield namespace
    finally:
        namespace.remove()


@pytest.fixture
def far(space: Namespace, tmp_path: Path) -> Iterator[FarSshd]:
    """A server in that namespace with a known host key."""
    server = FarSshd(tmp_path / "far", space)
    server.start()
    host_keys.path().write_text(server.known_hosts_line)
    yield server
    server.stop()


def test_an_interrupted_network_is_noticed_and_recovers(
    far: FarSshd, space: Namespace, remote_loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "FIRST_PAUSE", 0.2)
    monkeypatch.setattr(connections, "LONGEST_PAUSE", 0.5)
    monkeypatch.setitem(login.CONNECT_OPTIONS, "keepalive_interval", 0.3)
    place = address(far.host, far.port, far.username)
    connection = remote_loop.run(pool.open(place, Credentials(private_key_path=str(far.key))), 15)
    connection.claim("viewer")
    space.cut(True)
    until(connection.down.is_set)
    until(lambda: connection.attempts >= 1)
    assert "cannot be reached" in connection.error or "did not answer" in connection.error
    space.cut(False)
    until(connection.up.is_set)
    assert remote_loop.run(connection.link.run("echo", "back"), 10).stdout == b"back\n"


def test_a_slow_and_lossy_network_is_only_slow(
    far: FarSshd, space: Namespace, remote_loop: LoopThread
) -> None:
    netem = ("netem", "delay", "100ms", "20ms", "loss", "3%")
    if not command("tc", "qdisc", "add", "dev", space.here, "root", *netem):
        pytest.skip("this kernel has no netem: loss and delay are not tried")
    place = address(far.host, far.port, far.username)
    began = time.monotonic()
    connection = remote_loop.run(pool.open(place, Credentials(private_key_path=str(far.key))), 15)
    assert time.monotonic() - began < login.CONNECT_SECONDS
    for number in range(5):
        assert remote_loop.run(connection.link.run("echo", str(number)), 30).stdout == f"{number}\n".encode()
    assert remote_loop.run(connection.link.ping(10), 15) >= 0.08
