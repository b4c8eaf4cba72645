from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from remote.errors import AuthenticationFailed, HostKeyConflict, InvalidKey
from remote.ssh import host_keys
from remote.ssh.address import Address, address
from remote.ssh.credentials import Credentials
from remote.ssh.loop import LoopThread
from remote.ssh.pool import PooledConnection, pool
from tests.secrecy import holds, secret
from tests.sshd import Sshd, keygen

pytestmark = pytest.mark.needs("sshd")


def to(server: Sshd, username: str = "") -> Address:
    """Return the address of a server."""
    return address(server.host, server.port, username or server.username)


def open_with(loop: LoopThread, server: Sshd, **credentials: object) -> PooledConnection:
    """Connect with the given credentials only."""
    return loop.run(pool.open(to(server), Credentials(**{"use_agent": False, **credentials})), 20)  # type: ignore[arg-type]


def whoami(loop: LoopThread, connection: PooledConnection) -> str:
    """Return the user who runs a remote command."""
    return loop.run(connection.link.run("id", "-un"), 20).stdout.decode().strip()


def test_a_key_file_is_accepted(known_sshd: Sshd, remote_loop: LoopThread) -> None:
    connection = open_with(remote_loop, known_sshd, private_key_path=str(known_sshd.key))
    assert whoami(remote_loop, connection) == known_sshd.username
    assert connection.link.host_key.text == known_sshd.public_key


def test_a_key_as_text_is_accepted(known_sshd: Sshd, remote_loop: LoopThread) -> None:
    text = known_sshd.key.read_text()
    for form in (text, text.strip(), "\n\n" + text.replace("\n", "\r\n")):
        connection = open_with(remote_loop, known_sshd, private_key=form)
        assert whoami(remote_loop, connection) == known_sshd.username
        remote_loop.run(pool.close(connection.id), 10)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_a_key_with_a_passphrase_is_accepted(
    known_sshd: Sshd, remote_loop: LoopThread, tmp_path: Path, kind: str
) -> None:
    phrase, another = secret(), secret()
    key = keygen(tmp_path / "protected", kind, phrase)
    known_sshd.authorized.write_text(key.with_suffix(".pub").read_text())
    for key_options in ({"private_key_path": str(key)}, {"private_key": key.read_text()}):
        for wrong in (None, another)[: 2 if kind == "ed25519" else 1]:
            with pytest.raises(InvalidKey, match="passphrase"):
                open_with(remote_loop, known_sshd, **key_options, passphrase=wrong)
        connection = open_with(remote_loop, known_sshd, **key_options, passphrase=phrase)
        remote_loop.run(pool.close(connection.id), 10)


def test_an_unknown_host_key_is_a_conflict(sshd: Sshd, remote_loop: LoopThread) -> None:
    with pytest.raises(HostKeyConflict) as conflict:
        open_with(remote_loop, sshd, private_key_path=str(sshd.key))
    assert conflict.value.host_key["reason"] == "unknown"
    assert conflict.value.host_key["public_key"] == sshd.public_key
    assert "Accepted" not in sshd.output, "it logged in before anybody knew the host"
    host_keys.path().write_text(sshd.known_hosts_line)
    open_with(remote_loop, sshd, private_key_path=str(sshd.key))


def test_keys_and_settings_of_the_user_are_not_used(
    known_sshd: Sshd, remote_loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "me" / ".ssh"
    ssh.mkdir(parents=True)
    holds(ssh / "id_ed25519").write_text(known_sshd.key.read_text())
    (ssh / "config").write_text(f"Host *\n  IdentityFile {known_sshd.key}\n  ProxyCommand false\n")
    monkeypatch.setenv("HOME", str(ssh.parent))
    with pytest.raises(AuthenticationFailed):
        open_with(remote_loop, known_sshd)
    open_with(remote_loop, known_sshd, private_key_path="~/.ssh/id_ed25519")


def test_the_known_hosts_of_the_user_are_not_used(
    sshd: Sshd, remote_loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "me" / ".ssh"
    ssh.mkdir(parents=True)
    (ssh / "known_hosts").write_text(sshd.known_hosts_line)
    monkeypatch.setenv("HOME", str(ssh.parent))
    with pytest.raises(HostKeyConflict):
        open_with(remote_loop, sshd, private_key_path=str(sshd.key))


@pytest.mark.needs("ssh-agent")
def test_the_agent_is_used_without_other_credentials(
    known_sshd: Sshd, remote_loop: LoopThread, agent: Callable[[Path], None]
) -> None:
    with pytest.raises(AuthenticationFailed, match="SSH agent has no keys"):
        open_with(remote_loop, known_sshd, use_agent=True)
    agent(known_sshd.key)
    with pytest.raises(AuthenticationFailed):
        open_with(remote_loop, known_sshd, use_agent=False)
    with pytest.raises(AuthenticationFailed, match="the password was not accepted"):
        open_with(remote_loop, known_sshd, use_agent=True, password="no")
    connection = open_with(remote_loop, known_sshd, use_agent=True)
    assert connection.method == "agent"
    assert whoami(remote_loop, connection) == known_sshd.username


def test_a_missing_agent_is_reported(
    known_sshd: Sshd, remote_loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("", "/nowhere/agent"):
        monkeypatch.setenv("SSH_AUTH_SOCK", value)
        with pytest.raises(AuthenticationFailed, match="cannot reach an SSH agent"):
            open_with(remote_loop, known_sshd, use_agent=True)


def test_an_ipv6_address_works_like_others(start_sshd: Callable[..., Sshd], remote_loop: LoopThread) -> None:
    server = start_sshd("ListenAddress ::1")
    place = address("[0:0::1]", server.port, server.username)
    assert place.id == f"{server.username}@[::1]:{server.port}"
    credentials = Credentials(private_key_path=str(server.key))
    with pytest.raises(HostKeyConflict) as conflict:
        remote_loop.run(pool.open(place, credentials), 20)
    assert conflict.value.host_key["known_hosts_host"] == f"[::1]:{server.port}"
    host_keys.path().write_text(f"[::1]:{server.port} {server.public_key}\n")
    assert remote_loop.run(pool.open(place, credentials), 20).id == place.id
