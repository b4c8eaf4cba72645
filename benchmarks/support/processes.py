"""Viewer processes, as a user starts them, and the programs beside them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from benchmarks.support.waiting import until

PROJECT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
STOP_SECONDS = 60
_used_ports: set[int] = set()


def find(program: str) -> str | None:
    """Return the path of a program: in PATH, or where Debian has servers."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if path:
        return path
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
    newest = max(versions, key=lambda version: float(version.parts[-3]), default=None)
    return str(newest) if newest else None


def browser() -> str | None:
    """Return the path of a Chromium with windows, as people use it."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def free_port() -> int:
    """Return a free TCP port of the loopback address that this process has not used."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _used_ports:
            _used_ports.add(port)
            return port


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a user whose configuration and data are below `home`."""
    own = ("RUNICORN_", "DJANGO_")
    # Users have bytecode; without it half of a start is the compilation of modules.
    own += ("PYTHONDONTWRITEBYTECODE",)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    paths = {
        "RUNICORN_CONFIG_DIR": str(home / "config"),
        "RUNICORN_DATA_DIR": str(home / "data"),
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "RUNICORN_OTHER_USERS": "no",
        "RUNICORN_COMPANION": "off",
    }
    return clean | paths | more


class Viewer:
    """A `runicorn viewer` process over one storage root."""

    def __init__(self, root: Path, home: Path, *options: str, port: int = 0, **more: str) -> None:
        self.root = root
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / f"viewer-{self.port}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "runicorn", "viewer", "--no-open"]
        command += ["--storage", str(root), "--port", str(self.port), *options]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env=environment(home, **more), cwd=home, stdout=output, stderr=subprocess.STDOUT
            )

    def wait_until_it_answers(self) -> Viewer:
        """Return once the server answers.

        Raises:
            RuntimeError: its process ended.
        """
        until(self._answers)
        return self

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"the viewer ended:\n{self.output}")
        try:
            return requests.get(f"{self.url}/api/health", timeout=5).status_code < 500
        except (requests.ConnectionError, requests.Timeout):
            return False

    @property
    def output(self) -> str:
        """What the process has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def get(self, path: str, **more: Any) -> requests.Response:
        """GET a path of this viewer."""
        return requests.get(self.url + path, timeout=60, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        """POST to a path of this viewer."""
        return requests.post(self.url + path, timeout=60, **more)

    def stop(self) -> int:
        """End the process as Ctrl-C does and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_SECONDS)
                raise
        return self.process.returncode
