"""Programs in forks of a process that has imported their libraries (`tests/fork_server.py`), and mostly the server too.

A fork is a process of its own with the arguments, environment, working directory, streams, signals and exit status of one
that `subprocess` began. `make torture` has no forks.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

from tests.prepared import FOLDER

SERVER = Path(__file__).with_name("fork_server.py")
OWN = ("RUNICORN_", "DJANGO_", "AWS_", "PYTEST_", "KMP_")
"""Variables that may differ from fork to fork. All others were read by libraries when they were imported; scikit-learn
sets those of OpenMP in the process of the tests, and no viewer reads them."""
SWITCH = "RUNICORN_TEST_FORKS"
SERVERS = ("runicorn", "tests.server.people.adding", "tests.server.site.odd_viewer")
"""Modules that import the server."""
USERS = {"--users", "--auth-header"}
"""Options of a server to which users sign in."""
COMMANDS_WITH_USERS, SOMETIMES_WITH_USERS = {"user", "move-database"}, {"backup", "restore"}


def _common(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(OWN)}


_AT_FIRST = _common(dict(os.environ))
_PYTHON = sys.executable
_starting = threading.Lock()


class Fork(subprocess.Popen[Any]):
    """`python -m` with some arguments, in a fork."""

    def __init__(self, arguments: list[str], **options: Any) -> None:
        self._end = -1
        super().__init__([sys.executable, "-m", *arguments], **options)

    def _execute_child(self, args: list[str], *given: Any) -> None:
        _, _, _, _, folder, environment, _, _, _, *pipes = given[:15]
        request = {
            "module": args[2],
            "arguments": args[3:],
            "environment": environment,
            "folder": str(folder),
        }
        streams = [own if own >= 0 else usual for usual, own in enumerate((pipes[0], pipes[3], pipes[5]))]
        try:
            with _starting:
                server = _server(
                    environment["PYTHONPATH"], environment["PYTHONUNBUFFERED"], _kind(args, environment)
                )
                self.pid, self._end = server.start(request, streams)
        finally:
            self._close_pipe_fds(*pipes)

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        return self._status(0)

    def _wait(self, timeout: float | None) -> int:
        status = self._status(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def _status(self, timeout: float | None) -> int | None:
        if self.returncode is None and self._end >= 0:
            ended = select.poll()
            ended.register(self._end, select.POLLIN)
            if ended.poll(None if timeout is None else timeout * 1000):
                self.returncode = int(os.read(self._end, 16))
                os.close(self._end)
        return self.returncode


class ForkServer:
    """The process that forks, for one environment apart from `OWN`, with the imports of a kind (`tests/fork_server.py`)."""

    def __init__(self, environment: dict[str, str], kind: str) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno()), *self._server(kind)],
                env=environment,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.stop)

    def _server(self, kind: str) -> list[str]:
        return [kind, f"{os.environ[FOLDER]}-{kind}"] if kind else []

    def start(self, request: dict[str, object], streams: list[int]) -> tuple[int, int]:
        """Return the process id of a new fork and the pipe with its exit status."""
        end, theirs = os.pipe()
        try:
            socket.send_fds(self.control, [json.dumps(request).encode()], [*streams, theirs])
        finally:
            os.close(theirs)
        return int(self.control.recv(32)), end

    def stop(self) -> None:
        """End it; its forks go on."""
        self.control.close()
        self.process.wait(60)


@cache
def _server(python_path: str, unbuffered: str, kind: str) -> ForkServer:
    return ForkServer(_AT_FIRST | {"PYTHONPATH": python_path, "PYTHONUNBUFFERED": unbuffered}, kind)


def _kind(args: list[str], environment: dict[str, str]) -> str:
    """Return which server a program is; "" for another program, and where settings may have other apps."""
    if args[2] not in SERVERS or environment.get("RUNICORN_DEBUG") or "--host" in args:
        return ""
    if SOMETIMES_WITH_USERS & set(args[3:4]):
        return ""
    users = environment.get("RUNICORN_USERS") == "yes" or any(word.split("=")[0] in USERS for word in args)
    return "users" if users or COMMANDS_WITH_USERS & set(args[3:4]) else "plain"


def is_possible(environment: dict[str, str]) -> bool:
    """Return whether a process with this environment can be a fork."""
    usual = _AT_FIRST | {name: environment.get(name, "") for name in ("PYTHONPATH", "PYTHONUNBUFFERED")}
    same = sys.executable == _PYTHON and _common(environment) == usual
    return same and hasattr(os, "fork") and os.environ.get(SWITCH) != "off"


def start(
    arguments: list[str], environment: dict[str, str], folder: Path, **streams: Any
) -> subprocess.Popen[Any]:
    """Run `python -m` with these arguments: in a fork, or in a new interpreter where that is not possible."""
    options = {**streams, "env": environment, "cwd": folder}
    if is_possible(environment):
        return Fork(arguments, **options)
    return subprocess.Popen([sys.executable, "-m", *arguments], **options)


def run(
    arguments: list[str],
    environment: dict[str, str],
    folder: Path,
    *,
    input: str | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m` with these arguments to its end, as `start` does, and return what it printed."""
    stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
    pipes = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start(arguments, environment, folder, text=True, **pipes) as process:
        try:
            printed, told = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, printed, told)
