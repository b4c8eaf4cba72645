from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

import runicorn_site.urls
from runicorn._version import __version__
from runicorn.settings.user import running_viewers
from tests.processes import PROJECT, Viewer, environment
from tests.waiting import until


class Runserver(Viewer):
    """The same server through Django's command."""

    program = (str(PROJECT / "manage.py"), "runserver")

    def __init__(self, root: Path, home: Path, **more: str) -> None:
        self.root, self.port = root, 0
        home.mkdir(parents=True, exist_ok=True)
        self.log = home / "runserver.log"
        command = [sys.executable, *self.program, "0", "--storage", str(root), "--noreload"]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env=environment(home, **more), cwd=home, stdout=output, stderr=subprocess.STDOUT
            )


def test_one_line_names_the_address_and_the_store(start_viewer: Callable[..., Viewer], folder: Path) -> None:
    viewer = start_viewer()
    assert viewer.output.splitlines()[0] == f"Runicorn at {viewer.url} shows {folder}"


def test_the_viewer_registers_itself_for_the_sdk(start_viewer: Callable[..., Viewer], folder: Path) -> None:
    viewer = start_viewer()
    [note] = running_viewers()
    assert (note["url"], note["root"], note["pid"]) == (viewer.url, str(folder), viewer.process.pid)
    assert note["token_needed"] is False


def test_djangos_runserver_is_the_same_server(folder: Path, home: Path) -> None:
    server = Runserver(folder, home, DJANGO_SETTINGS_MODULE="runicorn_site.settings")
    try:
        until(lambda: running_viewers(), timeout=90)
        server.url = running_viewers()[0]["url"]
        assert server.get("/api/health").headers["Server"] == "runicorn"
        assert server.get("/static/css/base.css").status_code == 200
        assert server.get("/api/health", headers={"Host": "evil.example"}).status_code == 403
    finally:
        assert server.stop() == 0


def test_a_new_user_needs_no_folder(home: Path) -> None:
    home.mkdir(parents=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "runicorn", "viewer", "--port", "0"],
        env=environment(home),
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: running_viewers(), timeout=90)
        assert running_viewers()[0]["root"] == str(home / ".runicorn")
    finally:
        process.terminate()
        process.wait(60)


def test_the_version_names_this_implementation(home: Path) -> None:
    home.mkdir(parents=True)
    command = [sys.executable, "-m", "runicorn", "version"]
    output = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=True).stdout
    assert output.splitlines()[0] == f"runicorn {__version__}" and "runicorn-django" in output
    command = [*command, "--storage", str(home), "--json"]
    output = subprocess.run(command, env=environment(home), capture_output=True, check=True).stdout
    assert json.loads(output) == {
        "name": "runicorn",
        "version": __version__,
        "implementation": "runicorn-django",
    }


@pytest.mark.torture
def test_with_reload_the_viewer_restarts_when_the_code_changes(
    start_viewer: Callable[..., Viewer], folder: Path
) -> None:
    viewer = start_viewer(folder, "--reload")
    parent = psutil.Process(viewer.process.pid)

    def serving() -> int:
        return running_viewers()[0]["pid"] if running_viewers() else 0

    before = until(serving)
    assert before in {child.pid for child in parent.children()}
    viewer.wait_until_it_answers()

    def restarted() -> bool:
        # Again and again: a module is watched only after a look that follows its import.
        os.utime(runicorn_site.urls.__file__, (time.time(), time.time()))
        return serving() not in {0, before}

    until(restarted)
    viewer.wait_until_it_answers()
