from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn_site.security.listening import CannotListen
from runicorn_site.security.unix_socket import listen_on
from tests.prepared import lay_out
from tests.processes import Viewer, environment
from tests.server.security.other_user import OTHER_UID, needs_root, status_for
from tests.waiting import until


class SocketViewer(Viewer):
    """A viewer on a Unix socket."""

    def __init__(self, root: Path, home: Path, path: Path, *options: str, **more: str) -> None:
        self.path = path
        super().__init__(root, home, "--socket", str(path), *options, **more)

    def curl(self, target: str, *options: str) -> subprocess.CompletedProcess[str]:
        """What curl gets over the socket."""
        command = [
            "curl",
            "-sS",
            "--max-time",
            "20",
            "--noproxy",
            "*",
            "--unix-socket",
            str(self.path),
            *options,
        ]
        return subprocess.run([*command, f"http://localhost{target}"], capture_output=True, text=True)

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"the viewer ended:\n{self.output}"
        return self.curl("/api/health").returncode == 0


@pytest.fixture
def folder_of_all(folder: Path) -> Path:
    """A storage root below folders that every user may enter."""
    for path in (folder, *folder.parents):
        if os.stat(path).st_uid == os.geteuid() and path.is_relative_to("/tmp/pytest-of-root"):
            path.chmod(0o755)
    return folder


@needs_root
def test_the_owner_is_answered_and_another_user_cannot_connect(
    folder_of_all: Path, home: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder_of_all)
    path = folder_of_all.parent / "viewer.sock"
    viewer = SocketViewer(folder_of_all, home, path, RUNICORN_OTHER_USERS="yes")
    try:
        viewer.wait_until_it_answers()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [run["id"] for run in json.loads(viewer.curl("/api/runs").stdout)] == [run_id]
        assert "<title>" in viewer.curl("/").stdout
        tagged = viewer.curl("/api/runs/tags", "--json", "{}", "--write-out", "%{http_code}")
        assert tagged.stdout.endswith("400")
        proxied = viewer.curl("/api/health", "-H", "X-Forwarded-For: 1.2.3.4")
        assert "through a proxy" in proxied.stdout
        assert status_for(OTHER_UID, "http://localhost/api/health", "--unix-socket", str(path)) == 0
        # The folder itself is open: nothing but the mode of the socket keeps the other user out.
        assert os.stat(path.parent).st_mode & stat.S_IXOTH
    finally:
        viewer.stop()
    assert not path.exists()


def test_a_socket_of_a_killed_viewer_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    listen_on(path).close()
    assert path.exists()
    with listen_on(path):
        with pytest.raises(CannotListen, match="Another program listens"):
            listen_on(path)
        assert path.exists()


def test_what_is_no_socket_stays(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(CannotListen, match="is no socket"):
        listen_on(path)
    assert path.read_text() == "mine"
    with pytest.raises(CannotListen, match="too long"):
        listen_on(tmp_path / ("x" * 200))
    with pytest.raises(CannotListen, match="No such file"):
        listen_on(tmp_path / "missing" / "s")


def test_a_socket_with_a_token_asks_for_it(folder: Path, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "s"
    viewer = SocketViewer(folder, home, path, "--token", "auto")
    try:
        until(lambda: path.exists() and viewer.curl("/api/health").returncode == 0, timeout=90)
        [file] = (home / "data").glob("token-*")
        bearer = f"Authorization: Bearer {file.read_text()}"
        code = ("--write-out", "%{http_code}", "--output", os.devnull)
        assert viewer.curl("/api/health", *code).stdout == "401"
        assert viewer.curl("/api/health", "-H", bearer, *code).stdout == "200"
    finally:
        viewer.stop()


def test_an_ipv6_viewer_answers(folder: Path, home: Path) -> None:
    lay_out(home / "data")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "runicorn", "viewer", "--host", "::1", "--port", str(port), "--no-open"]
    surroundings = environment(home, RUNICORN_OTHER_USERS="yes")
    process = subprocess.Popen(
        [*command, "--storage", str(folder)], env=surroundings, cwd=folder, stdout=subprocess.DEVNULL
    )
    try:
        url = f"http://[::1]:{port}/api/health"
        until(lambda: status_for(os.geteuid(), url) == 200 if os.geteuid() == 0 else True, timeout=90)
        if os.geteuid() == 0:
            assert status_for(OTHER_UID, url) == 401
    finally:
        process.terminate()
        process.wait(60)
