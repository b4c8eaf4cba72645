"""Real processes for tests: the viewer as a user starts it, and training scripts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.prepared import DURABLE, NAME, lay_out
from tests.secrecy import look_at
from tests.waiting import until

PROJECT = Path(__file__).resolve().parent.parent
WITH_USERS = ("-m", "tests.quick_hashes", "viewer")
"""A viewer to which users sign in: some hundred times in all tests, at half a second each without this."""

_ONE_AT_A_TIME = threading.Lock()


def is_free(port: int) -> bool:
    """Return whether a port is free on the loopback address."""
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


def _ports() -> Iterator[int]:
    """Yield ports of this test process only, each once and below the ephemeral range, so that a chosen port is still free
    when a viewer listens on it a second later. That of a viewer without options is left free.

    The first port of a block is held as long as the others are given away: it claims the block before other test processes.
    """
    for number in count(os.getpid()):
        first = 10_050 + number % 200 * 100
        with socket.socket() as claim, suppress(OSError):
            claim.bind(("127.0.0.1", first))
            yield from (port for port in range(first + 1, first + 100) if port != 23300 and is_free(port))


_PORTS = _ports()


def free_port() -> int:
    """Return a free TCP port of the loopback address."""
    with _ONE_AT_A_TIME:
        return next(_PORTS)


def command_of(process: psutil.Process) -> str:
    """Return the command line of a process, "" if it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a user whose configuration and data are below `home`."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("RUNICORN_", "DJANGO_"))
    }
    paths = {
        "RUNICORN_CONFIG_DIR": str(home / "config"),
        "RUNICORN_DATA_DIR": str(home / "data"),
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "RUNICORN_OTHER_USERS": "no",
        # Hundreds of trainings would each have one; the tests of the companion switch it on.
        "RUNICORN_COMPANION": "off",
        "RUNICORN_SOURCES": "off",
    }
    return clean | paths | more


class Viewer:
    """A `runicorn viewer` process over one storage root."""

    program: tuple[str, ...] = ("-m", "runicorn", "viewer")
    prefix: tuple[str, ...] = ()
    """A command that starts it as another user."""
    first: bool = False
    """The very first start, without a database; else the user has a prepared one."""

    def __init__(self, root: Path, home: Path, *options: str, port: int = 0, **more: str) -> None:
        self.root = root
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / f"viewer-{self.port}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        has_users = bool({"--users", "--auth-header"} & {word.partition("=")[0] for word in options})
        program = WITH_USERS if has_users and self.program == Viewer.program else self.program
        arguments = [*program, "--storage", str(root), "--port", str(self.port), "--no-open", *options]
        surroundings = environment(home, **more)
        if not self.first:
            on_postgresql = more.get("RUNICORN_DATABASE_URL", "").startswith("postgresql")
            lay_out(Path(surroundings["RUNICORN_DATA_DIR"]), (NAME,) if on_postgresql else (NAME, DURABLE))
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [*self.prefix, sys.executable, *arguments],
                env=surroundings,
                cwd=home,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_it_answers(self) -> Viewer:
        """Return once the server answers; shows the log if it does not."""
        until(self._answers)
        return self

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"the viewer ended:\n{self.output}"
        try:
            return requests.get(f"{self.url}/api/health", timeout=5).status_code < 500
        except (requests.ConnectionError, requests.Timeout):
            return False

    @property
    def output(self) -> str:
        """What the process printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def get(self, path: str, **more: Any) -> requests.Response:
        """GET a path of this viewer."""
        return look_at(requests.get(self.url + path, timeout=60, **more))

    def post(self, path: str, **more: Any) -> requests.Response:
        """POST to a path of this viewer."""
        return look_at(requests.post(self.url + path, timeout=60, **more))

    def delete(self, path: str, **more: Any) -> requests.Response:
        """DELETE a path of this viewer."""
        return look_at(requests.delete(self.url + path, timeout=60, **more))

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.process.kill()
        self.process.wait(60)

    def stop(self) -> int:
        """End the process as Ctrl-C does and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(60)
                raise
        return self.process.returncode


def run_module(
    arguments: list[str], environment: dict[str, str], folder: Path, *, input: str = "", timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `python -m` with these arguments to its end, and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env=environment,
        cwd=folder,
        input=input,
        timeout=timeout,
        capture_output=True,
        text=True,
        check=False,
    )


def train(script: str, root: Path, home: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start a training script in a process of its own; `RUNICORN_DIR` is the root."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env=environment(home, RUNICORN_DIR=str(root), **more),
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
