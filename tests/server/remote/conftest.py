"""Real SSH servers, an agent, and the connection pool of this process."""

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
from tests.server.remote.pythons import our_environment
from tests.sshd import Sshd
from tests.system_users import open_folder
from tests.waiting import until


@pytest.fixture
def start_sshd(tmp_path: Path) -> Iterator[Callable[..., Sshd]]:
    """`start_sshd("Setting value", …)` starts a real SSH server with its own folder; all end with the test."""
    servers: list[Sshd] = []

    def start(*settings: str) -> Sshd:
        servers.append(Sshd(tmp_path / f"sshd-{len(servers)}", *settings))
        return servers[-1].start()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def sshd(start_sshd: Callable[..., Sshd]) -> Sshd:
    """A real SSH server that accepts the key `sshd.key`; its host key is unknown."""
    return start_sshd()


@pytest.fixture
def known_sshd(sshd: Sshd, home: Path) -> Sshd:
    """The server with its host key in the `known_hosts` of the configuration."""
    host_keys.path().write_text(sshd.known_hosts_line)
    return sshd


@pytest.fixture
def open_sshd(home: Path) -> Iterator[Sshd]:
    """A server with a known host key, whose home other users may read."""
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
    """A real SSH agent of this process, without keys; call it with a key file to add one."""
    place = tmp_path / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(place)], stdout=subprocess.DEVNULL)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
    # 1 without keys, 2 before it listens.
    until(lambda: subprocess.run(["ssh-add", "-l"], capture_output=True, check=False).returncode == 1)

    def add(key: Path) -> None:
        subprocess.run(["ssh-add", "-q", str(key)], check=True, stdin=subprocess.DEVNULL)

    yield add
    process.terminate()
    process.wait(60)


@pytest.fixture
def remote_store(tmp_path: Path) -> Path:
    """A storage root on the remote host."""
    root = tmp_path / "far store"
    root.mkdir()
    return root


@pytest.fixture
def starting(
    known_sshd: Sshd, remote_store: Path, remote_loop: LoopThread
) -> Iterator[Callable[..., dict[str, Any]]]:
    """`starting(field=…)` is a body for `/api/remote/viewer/start`; the remote host has Runicorn in `~/.venv`.

    Started viewers end with the test.
    """
    our_environment(known_sshd.home)
    pool.before_close[:] = [sessions.end_all_over]

    def body(**more: Any) -> dict[str, Any]:
        fields = {**known_sshd.login(), "remote_root": str(remote_store), "conda_env": ".venv", **more}
        return {name: value for name, value in fields.items() if value is not None}

    yield body
    remote_loop.run(_end_all(), 20)


async def _end_all() -> None:
    for session in sessions.all():
        await session.end()
        sessions.forget(session)
