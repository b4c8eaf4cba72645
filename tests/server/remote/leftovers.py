"""Find processes and files of remote viewers that are left on the remote host."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from tests.sshd import Sshd

DATA = Path(".local/share/runicorn")


def viewers(home: Path) -> list[psutil.Process]:
    """Return the running remote viewers of the user with this home."""
    return _processes(home, lambda process: "--remote-mode" in process.cmdline())


def processes(home: Path, program: str) -> list[psutil.Process]:
    """Return the running processes of a program of the user with this home."""
    return _processes(home, lambda process: process.name() == program)


def _processes(home: Path, is_meant: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    matches = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has just ended, or belongs to another user
            if (
                is_meant(process)
                and process.environ().get("HOME") == str(home)
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                matches.append(process)
    return matches


def files(server: Sshd) -> list[Path]:
    """Return files that a viewer should have removed; its database and secret are kept for the next one."""
    ours = {"runicorn.sqlite3", "runicorn.sqlite3-wal", "runicorn.sqlite3-shm", "secret.key"} | {
        "server.sqlite3",
        "server.created",
    }
    data = [path for path in (server.home / DATA).rglob("*") if path.is_file()]
    others = [path for path in (server.home / ".cache").rglob("*") if path.is_file()]
    return [path for path in data if path.name not in ours and path.suffix != ".lock"] + others


def command_lines() -> list[str]:
    """Return the command lines of all visible processes."""
    lines = []
    for process in psutil.process_iter():
        try:
            lines.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return lines
