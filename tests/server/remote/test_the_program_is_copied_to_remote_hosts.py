from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from remote.viewers import wheel
from runicorn._version import FULL, SDK
from tests.server.remote import leftovers
from tests.server.remote.pythons import bare_environment, with_pip
from tests.server.remote.starting import start, stop
from tests.sshd import Sshd

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]

Body = Callable[..., dict[str, Any]]


@pytest.fixture
def connected(api: APIClient, starting: Body, known_sshd: Sshd) -> dict[str, str]:
    """A connection to a host whose `venv` lacks Runicorn."""
    bare_environment(known_sshd.home, "venv")
    return {"connection_id": api.post("/api/remote/connect", known_sshd.login()).json()["connection_id"]}


def test_the_shown_command_installs_the_program(
    api: APIClient, connected: dict[str, str], starting: Body, known_sshd: Sshd, remote_store: Path
) -> None:
    with_pip(known_sshd.home, "venv")
    shutil.rmtree(known_sshd.home / leftovers.DATA)  # as before the very first start
    place = {"conda_env": "venv", **connected}
    error = api.post("/api/remote/viewer/start", {**place, "remote_root": str(remote_store)}).json()
    assert (error["code"], error["can_copy"]) == ("RUNICORN_MISSING", True)
    copied = api.post("/api/remote/wheel", place).json()
    folder = known_sshd.home / ".cache" / "runicorn"
    files = [folder / wheel.file_name(name) for name in (SDK, FULL)]
    assert (copied["files"], copied["file"]) == ([*map(str, files)], str(files[1]))
    assert copied["command"] == (f"{known_sshd.home}/venv/bin/python -m pip install {files[0]} {files[1]}")
    assert sum(file.stat().st_size for file in files) == copied["size"]
    assert {*folder.iterdir()} == {*files}
    subprocess.run(
        shlex.split(copied["command"]),
        check=True,
        capture_output=True,
        cwd=known_sshd.home,
        env={"HOME": str(known_sshd.home), "PATH": os.environ["PATH"], "PIP_NO_INDEX": "1"},
    )
    session = start(api, {**place, "remote_root": str(remote_store)})
    assert session["remote_version"] == wheel.__version__
    (process,) = leftovers.viewers(known_sshd.home)
    assert "venv/bin/python" in process.cmdline()[0]
    stop(api, session)


def externally_managed(home: Path) -> Path:
    """A Python in the home, outside of virtual environments and marked as externally managed (PEP 668)."""
    base = home / ".local" / "share" / "uv" / "python" / "managed"
    stdlib = Path(sysconfig.get_path("stdlib"))
    own = base / "lib" / stdlib.name
    own.mkdir(parents=True)
    for entry in stdlib.iterdir():
        (own / entry.name).symlink_to(entry)
    (own / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=no\n")
    python = base / "bin" / "python3"
    python.parent.mkdir()
    real = shlex.quote(os.path.realpath(sys.executable))
    python.write_text(f'#!/bin/sh\nPYTHONHOME={shlex.quote(str(base))} exec {real} "$@"\n')
    python.chmod(0o755)
    return python


def test_an_environment_is_created_for_an_externally_managed_python(
    api: APIClient, connected: dict[str, str], known_sshd: Sshd
) -> None:
    python = externally_managed(known_sshd.home)
    copied = api.post("/api/remote/wheel", {**connected, "conda_env": str(python)}).json()
    own = known_sshd.home / ".virtualenvs" / "runicorn"
    assert copied["command"] == (
        f"{python} -m venv {own} && {own}/bin/python -m pip install {' '.join(copied['files'])}"
    )


def test_a_full_disk_keeps_no_partial_file(
    api: APIClient, connected: dict[str, str], known_sshd: Sshd
) -> None:
    place = known_sshd.home / ".cache"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(place)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    try:
        answer = api.post("/api/remote/wheel", {"conda_env": "venv", **connected})
        assert answer.status_code == 503
        assert "SFTP error on 127.0.0.1 for" in answer.json()["detail"]
        assert [path for path in place.rglob("*") if path.is_file()] == []
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_copy_requires_a_connection_and_an_environment(api: APIClient, connected: dict[str, str]) -> None:
    assert api.post("/api/remote/wheel", {"connection_id": "a@b:22"}).status_code == 404
    answer = api.post("/api/remote/wheel", {"conda_env": "$(touch x)", **connected})
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "Environment '$(touch x)' not found. Please check the environment name.",
    )
