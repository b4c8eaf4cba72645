"""What is left on the other machine: processes, ports and files of viewers that were started there."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.remote.sshd import Sshd

DATA = Path(".local/share/runicorn")


def viewers(home: Path) -> list[psutil.Process]:
    """The remote viewers that run for the user with this home."""
    found = []
    for process in psutil.process_iter():
        try:
            if "--remote-mode" in process.cmdline() and process.environ().get("HOME") == str(home):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return [process for process in found if process.status() != psutil.STATUS_ZOMBIE]


def litter(server: Sshd) -> list[Path]:
    """Files that a viewer is to take away with it; its database and secret stay for the next one."""
    kept = {"runicorn.sqlite3", "runicorn.sqlite3-wal", "runicorn.sqlite3-shm", "secret.key"}
    data = [path for path in (server.home / DATA).rglob("*") if path.is_file()]
    others = [path for path in (server.home / ".cache").rglob("*") if path.is_file()]
    return [path for path in data if path.name not in kept and path.suffix != ".lock"] + others


def waiting(home: Path, program: str) -> list[psutil.Process]:
    """The processes of a program that run for the user with this home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == program and process.environ().get("HOME") == str(home):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def command_lines() -> list[str]:
    """The command lines of all processes that can be seen."""
    found = []
    for process in psutil.process_iter():
        try:
            found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found
