"""Real SSH servers, and what this process needs to talk to them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remote.ssh import host_keys
from remote.ssh.loop import LoopThread, loop
from remote.ssh.pool import pool
from remote.viewers.session import sessions
from tests.remote.people import open_folder
from tests.remote.pythons import our_environment
from tests.remote.sshd import Sshd
from tests.waiting import until


@pytest.fixture
def start_sshd(tmp_path: Path) -> Iterator[Callable[..., Sshd]]:
    """`start_sshd("Setting value", …)` starts a real SSH server with a folder of its own; all end with the test."""
    servers: list[Sshd] = []

    def start(*settings: str) -> Sshd:
        servers.append(Sshd(tmp_path / f"sshd-{len(servers)}", *settings))
        return servers[-1].start()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def sshd(start_sshd: Callable[..., Sshd]) -> Sshd:
    """A real SSH server that lets the user of the tests in with the key `sshd.key`. Nobody knows its host key yet."""
    return start_sshd()


@pytest.fixture
def known_sshd(sshd: Sshd, home: Path) -> Sshd:
    """The server with its key in the `known_hosts` of the configuration."""
    host_keys.path().write_text(sshd.known_hosts_line)
    return sshd


@pytest.fixture
def open_sshd(home: Path) -> Iterator[Sshd]:
    """A server with a known key, whose home other users may look into."""
    with open_folder() as folder:
        server = Sshd(folder / "sshd").start()
        host_keys.path().write_text(server.known_hosts_line)
        yield server
        server.stop()


@pytest.fixture
def remote_loop(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopThread]:
    """The loop thread of this process, running and without rate limits; its connections end with the test."""
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")
    loop.start()
    yield loop
    loop.stop(pool.close_all, timeout=5)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """A real SSH agent without keys, the one of this process; called with a key file it holds that key."""
    place = tmp_path / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(place)], stdout=subprocess.DEVNULL)
    until(place.exists)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(place))

    def add(key: Path) -> None:
        subprocess.run(["ssh-add", "-q", str(key)], check=True, stdin=subprocess.DEVNULL)

    yield add
    process.terminate()
    process.wait(10)


@pytest.fixture
def remote_store(tmp_path: Path) -> Path:
    """A storage root on the other machine."""
    root = tmp_path / "far store"
    root.mkdir()
    return root


@pytest.fixture
def starting(
    known_sshd: Sshd, remote_store: Path, remote_loop: LoopThread
) -> Iterator[Callable[..., dict[str, Any]]]:
    """`starting(field=…)` is a body for `/api/remote/viewer/start`; the other machine has our program in `~/.venv`.

    What was started ends with the test.
    """
    our_environment(known_sshd.home)
    pool.before_close[:] = [sessions.end_all_over]

    def body(**more: Any) -> dict[str, Any]:
        asked = {**known_sshd.login(), "remote_root": str(remote_store), "conda_env": ".venv", **more}
        return {name: value for name, value in asked.items() if value is not None}

    yield body
    remote_loop.run(_end_all(), 20)


async def _end_all() -> None:
    for session in sessions.all():
        await session.end()
        sessions.forget(session)
