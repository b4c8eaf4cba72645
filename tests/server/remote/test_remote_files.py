from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from remote.errors import ConnectionLost, InvalidInput, RemoteOperationFailed, RemotePermissionDenied
from remote.ssh import host_keys
from remote.ssh import sftp as files
from remote.ssh.address import address
from remote.ssh.credentials import Credentials
from remote.ssh.loop import LoopThread
from remote.ssh.pool import PooledConnection, pool
from tests.processes import command_of
from tests.sshd import Sshd
from tests.system_users import system_user
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]
LIST, EXISTS = "/api/remote/fs/list", "/api/remote/fs/exists"


@pytest.fixture
def connection(known_sshd: Sshd, remote_loop: LoopThread) -> PooledConnection:
    """An open connection."""
    place = address(known_sshd.host, known_sshd.port, known_sshd.username)
    return remote_loop.run(pool.open(place, Credentials(private_key_path=str(known_sshd.key))), 15)


@pytest.fixture
def ask(api: APIClient, connection: PooledConnection) -> Callable[..., Any]:
    """`ask(route, path)`: a request about files of the remote host."""

    def put(route: str, path: str | None = None) -> Any:
        more = {} if path is None else {"path": path}
        return api.get(route, {"connection_id": connection.id} | more)

    return put


def test_a_folder_is_listed_folders_first(known_sshd: Sshd, ask: Callable[..., Any]) -> None:
    home = known_sshd.home
    for name in ("b", "A", ".hidden", "zz top"):
        (home / name).mkdir()
    for name in ("weights.bin", ".profile", "é\n"):
        (home / name).write_bytes(b"12345")
    os.utime(home / "weights.bin", (1768404645, 1768404645))
    (home / "to-folder").symlink_to(home / "b")
    (home / "to-file").symlink_to(home / "weights.bin")
    (home / "to-nowhere").symlink_to(home / "gone")
    (home / os.fsdecode(b"\xff")).write_bytes(b"")
    answer = ask(LIST).json()
    assert answer["path"] == str(home) and answer["truncated"] is False
    names = [item["name"] for item in answer["items"]]
    assert names == [
        *(".hidden", "A", "b", "to-folder", "zz top"),
        *(".profile", "to-file", "to-nowhere", "weights.bin", "é\n", "\ufffd"),
    ]
    items = {item["name"]: item for item in answer["items"]}
    assert items["weights.bin"] == {"name": "weights.bin", "is_dir": False, "size": 5, "mtime": 1768404645}
    assert (items["b"]["is_dir"], items["b"]["size"]) == (True, 0)
    assert items["to-file"]["size"] == 5


@pytest.mark.parametrize("path", ["~", "~/", ".", "", "~/runs/..", "./", None])
def test_the_home_can_be_written_in_several_ways(
    known_sshd: Sshd, ask: Callable[..., Any], path: str | None
) -> None:
    (known_sshd.home / "runs").mkdir()
    assert ask(LIST, path).json()["path"] == str(known_sshd.home)


def test_the_kind_of_a_path_is_returned(known_sshd: Sshd, ask: Callable[..., Any]) -> None:
    (known_sshd.home / "file").write_text("")
    home = str(known_sshd.home)
    for path, full, exists, is_dir in (
        ("~", f"{home}/", True, True),
        ("~/file", f"{home}/file", True, False),
        ("file", f"{home}/file", True, False),
        ("~/gone", f"{home}/gone", False, False),
        ("~/file/below", f"{home}/file/below", False, False),
        ("/", "/", True, True),
    ):
        assert ask(EXISTS, path).json() == {
            "path": full.rstrip("/") or "/",
            "exists": exists,
            "is_dir": is_dir,
        }


def test_folders_that_cannot_be_listed_are_reported(known_sshd: Sshd, ask: Callable[..., Any]) -> None:
    (known_sshd.home / "file").write_text("")
    for path, status, sentence in (
        ("~/gone", 404, f"No such file or folder on the remote host: {known_sshd.home}/gone"),
        ("~/file", 400, f"path: {known_sshd.home}/file is not a folder."),
        ("~root", 400, "path: write the home of another user as a full path."),
        ("~root/x", 400, "path: write the home of another user as a full path."),
    ):
        answer = ask(LIST, path)
        assert (answer.status_code, answer.json()["detail"]) == (status, sentence)
    assert ask(EXISTS).status_code == 400


def test_a_folder_of_many_files_is_cut_short(
    known_sshd: Sshd, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_ENTRIES", 150)
    for number in range(200):
        (known_sshd.home / f"link{number}").symlink_to("/tmp")
    answer = ask(LIST).json()
    assert len(answer["items"]) == 150 and answer["truncated"] is True
    assert all(item["is_dir"] for item in answer["items"])


def test_a_folder_without_read_permission_is_403(
    api: APIClient, open_sshd: Sshd, remote_loop: LoopThread
) -> None:
    with system_user() as who:
        place = address(open_sshd.host, open_sshd.port, who.name)
        connection = remote_loop.run(pool.open(place, Credentials(password=who.password)), 15)
        closed = open_sshd.home / "closed"
        closed.mkdir(mode=0o700)
        query = {"connection_id": connection.id, "path": str(closed)}
        answer = api.get(LIST, query)
        assert answer.status_code == 403
        assert answer.json()["detail"] == f"The remote user may not read or write {closed}"
        with pytest.raises(RemotePermissionDenied):
            remote_loop.run(files.put(connection.link, Path(__file__), f"{closed}/x"), 15)
        remote_loop.run(pool.close(connection.id), 10)


def test_a_host_without_sftp_says_so(
    api: APIClient, start_sshd: Callable[..., Sshd], remote_loop: LoopThread
) -> None:
    server = start_sshd()
    server.stop()
    server.subsystem = ""
    server.start()
    host_keys.path().write_text(server.known_hosts_line)
    place = address(server.host, server.port, server.username)
    connection = remote_loop.run(pool.open(place, Credentials(private_key_path=str(server.key))), 15)
    answer = api.get(LIST, {"connection_id": connection.id})
    assert answer.status_code == 503
    assert "SFTP" in answer.json()["detail"]
    assert remote_loop.run(connection.link.run("echo", "yes"), 15).stdout == b"yes\n"
    assert connection.state == "connected" and connection.latency is None


def test_a_file_is_copied_whole(
    known_sshd: Sshd, remote_loop: LoopThread, connection: PooledConnection, tmp_path: Path
) -> None:
    source = tmp_path / "wheel.whl"
    source.write_bytes(os.urandom(3_000_000))
    progress: list[tuple[int, int]] = []
    place = remote_loop.run(
        files.put(
            connection.link, source, "~/deep/er/a 'wheel'.whl", lambda *counts: progress.append(counts)
        ),
        30,
    )
    assert place == f"{known_sshd.home}/deep/er/a 'wheel'.whl"
    assert Path(place).read_bytes() == source.read_bytes()
    assert progress[-1] == (3_000_000, 3_000_000) and len(progress) > 3
    source.write_bytes(b"newer")
    remote_loop.run(files.put(connection.link, source, place), 30)
    assert Path(place).read_bytes() == b"newer"
    assert [path.name for path in Path(place).parent.iterdir()] == ["a 'wheel'.whl"]
    remote_loop.run(files.remove(connection.link, place), 30)
    remote_loop.run(files.remove(connection.link, place), 30)
    assert not Path(place).exists()


def test_a_full_disk_leaves_nothing(known_sshd: Sshd, remote_loop: LoopThread, tmp_path: Path) -> None:
    source = tmp_path / "wheel.whl"
    source.write_bytes(os.urandom(3_000_000))
    known_sshd.stop()
    # No file that a login writes can grow beyond a megabyte.
    known_sshd.limits = {resource.RLIMIT_FSIZE: 1_000_000}
    known_sshd.start()
    place = address(known_sshd.host, known_sshd.port, known_sshd.username)
    connection = remote_loop.run(pool.open(place, Credentials(private_key_path=str(known_sshd.key))), 15)
    with pytest.raises(RemoteOperationFailed, match="SFTP error on") as error:
        remote_loop.run(files.put(connection.link, source, "~/wheel.whl"), 30)
    assert str(known_sshd.home) in str(error.value.detail)
    assert not list(known_sshd.home.iterdir())


def test_an_interrupted_copy_is_reported(
    known_sshd: Sshd, remote_loop: LoopThread, connection: PooledConnection, tmp_path: Path
) -> None:
    source = tmp_path / "wheel.whl"
    source.write_bytes(os.urandom(30_000_000))

    def cut(offset: int, size: int) -> None:
        if 0 < offset < size:
            known_sshd.cut()

    with pytest.raises(ConnectionLost):
        remote_loop.run(files.put(connection.link, source, "~/wheel.whl", cut), 30)
    assert not (known_sshd.home / "wheel.whl").exists(), "half a file has the name of the whole one"


def test_a_hanging_folder_times_out(
    known_sshd: Sshd, remote_loop: LoopThread, connection: PooledConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote_loop.run(files.path_kind(connection.link, "/"), 15)
    sftp = [process for process in known_sshd.sessions() if "sftp" in command_of(process)]
    for process in sftp:
        process.suspend()
    with monkeypatch.context() as short:
        short.setattr(files, "SECONDS", 0.5)
        began = time.monotonic()
        with pytest.raises(RemoteOperationFailed, match="did not answer about"):
            remote_loop.run(files.path_kind(connection.link, "/"), 15)
        assert time.monotonic() - began < 10
    # The next request gets a new SFTP server.
    assert remote_loop.run(files.path_kind(connection.link, "/"), 15) == ("/", "folder")
    for process in sftp:
        process.resume()
    until(lambda: sum("sftp" in command_of(process) for process in known_sshd.sessions()) <= 2)


def test_a_path_with_a_nul_is_refused(remote_loop: LoopThread, connection: PooledConnection) -> None:
    for path in ("a\0b", "\ud800", ""):
        with pytest.raises(InvalidInput):
            remote_loop.run(files.path_kind(connection.link, path), 15)
