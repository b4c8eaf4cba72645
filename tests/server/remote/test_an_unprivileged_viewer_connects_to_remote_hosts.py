"""A viewer of an unprivileged user connects to remote hosts with files of that user only."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.folders import write_run
from tests.prepared import lay_out
from tests.processes import Viewer
from tests.server.remote import leftovers
from tests.server.remote.pythons import our_environment
from tests.sshd import Sshd
from tests.system_users import open_folder
from tests.waiting import until

pytestmark = pytest.mark.needs("sshd")
UNPRIVILEGED = 65534
AS_UNPRIVILEGED = (
    "setpriv",
    f"--reuid={UNPRIVILEGED}",
    f"--regid={UNPRIVILEGED}",
    "--clear-groups",
    "--no-new-privs",
)


class Unprivileged(Viewer):
    """A viewer of the unprivileged user."""

    prefix = AS_UNPRIVILEGED


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder of the unprivileged user, with a storage root and a home."""
    if os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("not seen as another user: only root can become one")
    command = [*AS_UNPRIVILEGED, sys.executable, "-c", "import runicorn, asyncssh"]
    if subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True).returncode != 0:
        pytest.skip("other users may not run this Python")
    with open_folder() as folder:
        (folder / "store").mkdir()
        lay_out(folder / "home" / "data")
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
        yield folder


def test_an_unprivileged_viewer_starts_a_remote_viewer_and_keeps_its_files_private(
    folder_of_nobody: Path, sshd: Sshd, remote_store: Path
) -> None:
    our_environment(sshd.home)
    write_run(remote_store)
    home = folder_of_nobody / "home"
    viewer = Unprivileged(folder_of_nobody / "store", home, RUNICORN_RATE_LIMIT="off", HOME=str(home))
    viewer.wait_until_it_answers()
    try:
        assert os.stat(f"/proc/{viewer.process.pid}").st_uid == UNPRIVILEGED
        login = {**sshd.login(), "private_key": sshd.key.read_text(), "private_key_path": None}
        body = {name: value for name, value in login.items() if value is not None}
        unknown = viewer.post("/api/remote/connect", json=body)
        assert unknown.status_code == 409
        key = unknown.json()["detail"]["host_key"]
        fields = ("host", "port", "key_type", "public_key", "fingerprint_sha256")
        accepted = {name: key[name] for name in fields}
        assert viewer.post("/api/remote/known-hosts/accept", json=accepted).status_code == 200
        start = {**body, "remote_root": str(remote_store)}
        answer = viewer.post("/api/remote/viewer/start", json=start)
        assert answer.status_code == 200, answer.text
        assert len(leftovers.viewers(sshd.home)) == 1
        settings = {**body, "auth_method": "key", "remember_password": True}
        assert viewer.post("/api/config/ssh_connections", json=settings).status_code == 201
    finally:
        assert viewer.stop() == 0
    until(lambda: leftovers.viewers(sshd.home) == [])
    files = {path.name: path.stat() for path in (home / "config").iterdir() if path.is_file()}
    assert {"known_hosts", "connections.json", ".secret.key"} <= files.keys()
    assert {about.st_uid for about in files.values()} == {UNPRIVILEGED}
    assert {stat.S_IMODE(about.st_mode) for about in files.values()} == {0o600}
