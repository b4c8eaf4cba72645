"""Programs in forks of a process that has imported their libraries (`tests/fork_server.py`): half the cost of a start.

A fork is a process of its own with the arguments, environment, working directory, output, signals and exit status of one
that `subprocess` began. `make torture` has no forks.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import BinaryIO

SERVER = Path(__file__).with_name("fork_server.py")
OWN = ("RUNICORN_", "DJANGO_", "PYTEST_", "KMP_")
"""Variables that may differ from fork to fork. All others were read by libraries when they were imported; scikit-learn
sets those of OpenMP in the process of the tests, and no viewer reads them."""
SWITCH = "RUNICORN_TEST_FORKS"


def _common(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(OWN)}


_AT_FIRST = _common(dict(os.environ))
_PYTHON = sys.executable
_starting = threading.Lock()


class Fork:
    """A running fork, with the methods of `subprocess.Popen`."""

    def __init__(self, args: list[str], pid: int, end: int) -> None:
        self.args = args
        self.pid = pid
        self.returncode: int | None = None
        self._end = end

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._status(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once it has ended."""
        status = self._status(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _status(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            ended = select.poll()
            ended.register(self._end, select.POLLIN)
            if ended.poll(None if timeout is None else timeout * 1000):
                self.returncode = int(os.read(self._end, 16))
                os.close(self._end)
        return self.returncode


class ForkServer:
    """The process that forks, for one environment apart from `OWN`."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno())],
                env=environment,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.stop)

    def start(self, request: dict[str, object], output: BinaryIO) -> tuple[int, int]:
        """Return the process id of a new fork and the pipe with its exit status."""
        end, theirs = os.pipe()
        try:
            socket.send_fds(self.control, [json.dumps(request).encode()], [output.fileno(), theirs])
        finally:
            os.close(theirs)
        return int(self.control.recv(32)), end

    def stop(self) -> None:
        """End it; its forks go on."""
        self.control.close()
        self.process.wait(60)


@cache
def _server(python_path: str, unbuffered: str) -> ForkServer:
    return ForkServer(_AT_FIRST | {"PYTHONPATH": python_path, "PYTHONUNBUFFERED": unbuffered})


def is_possible(environment: dict[str, str]) -> bool:
    """Return whether a process with this environment can be a fork."""
    usual = _AT_FIRST | {name: environment.get(name, "") for name in ("PYTHONPATH", "PYTHONUNBUFFERED")}
    same = sys.executable == _PYTHON and _common(environment) == usual
    return same and hasattr(os, "fork") and os.environ.get(SWITCH) != "off"


def start(args: list[str], environment: dict[str, str], folder: Path, output: BinaryIO) -> Fork:
    """Run `python -m` with these arguments in a fork; standard output and error go to `output`."""
    module, *arguments = args
    request = {"module": module, "arguments": arguments, "environment": environment, "folder": str(folder)}
    with _starting:
        server = _server(environment["PYTHONPATH"], environment["PYTHONUNBUFFERED"])
        return Fork([sys.executable, "-m", *args], *server.start(request, output))
