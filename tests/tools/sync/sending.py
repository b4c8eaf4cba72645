"""Uploads of runs: the sender processes, and what the server has received."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.processes import environment, run_module
from tests.waiting import until

SERVE = """
import sys
from pathlib import Path
from runicorn.upload.queue import Queue
from runicorn.upload.wait import serve
serve(Queue(Path(sys.argv[1])))
"""
LOCAL = {"artifacts_created.json", "artifacts_used.json"}
"""Files with version numbers, which differ on the server."""


def senders(root: Path) -> list[psutil.Process]:
    """Return the sender processes of a store."""
    processes = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if any("runicorn.upload.process" in part for part in line) and line[-1].startswith(str(root)):
            processes.append(process)
    return processes


def only_sender(root: Path) -> psutil.Process:
    """Return the sender process of a store once it is the only one: a second one, started because the first needed long to
    start, ends at once."""
    (sender,) = until(lambda: processes if len(processes := senders(root)) == 1 else [])
    return sender


def kill_senders(root: Path) -> None:
    """Kill the sender processes of a store."""
    for sender in senders(root):
        with suppress(psutil.NoSuchProcess):
            sender.kill()


def files(folder: Path) -> dict[str, bytes]:
    """Return the files that must be equal on both sides."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.name not in LOCAL
    }


def differences(near: Path, far: Path) -> list[str]:
    """Return the files of the runs of one store that differ in another one."""
    names = []
    for run in near.glob("*/*/runs/*"):
        mine, theirs = files(run), files(far / run.relative_to(near))
        names += [name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)]
    return names


def sync(root: Path, home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `runicorn sync RUN…` to its end."""
    command = ["runicorn", "sync", "--storage", str(root), *arguments]
    return run_module(command, environment(home, **more), home)


def revive(root: Path, home: Path) -> None:
    """Restart the sender processes of a store, as the next call of a training would."""
    for folder in (root / ".runicorn/upload/senders").glob("*"):
        subprocess.run(
            [sys.executable, "-c", SERVE, str(folder)], env=environment(home), cwd=root, check=True
        )


def in_a_pid_namespace() -> tuple[str, ...]:
    """Return a command that runs another as process 1 of a PID namespace with its own /proc.

    Skips the test, and says so, where this machine does not allow it.
    """
    for command in (("unshare",), ("unshare", "--user", "--map-root-user")):
        words = (*command, "--pid", "--fork", "--mount-proc", "--kill-child=KILL")
        with suppress(OSError):
            if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
                return words
    pytest.skip("no PID namespaces for this user: neither root nor unprivileged user namespaces")
