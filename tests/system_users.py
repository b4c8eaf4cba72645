"""Temporary system users with a password and a home, for logins by password."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.secrecy import look_through, secret
from tests.waiting import until


@dataclass(frozen=True)
class SystemUser:
    """A user who can log in."""

    name: str
    password: str
    home: Path


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may read; each new pytest session closes those of pytest again."""
    folder = Path(tempfile.mkdtemp(prefix="runicorn-people-"))
    folder.chmod(0o755)
    try:
        yield folder
        look_through([folder])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def system_user(shell: str = "/bin/sh") -> Iterator[SystemUser]:
    """Create a user with a home; user and processes are removed when the block ends.

    Skips the test if this process may not create users.
    """
    if os.getuid() != 0 or not shutil.which("useradd"):
        pytest.skip("needs root, to create a user")
    with open_folder() as folder, _made(folder, shell) as who:
        yield who


@contextmanager
def _made(folder: Path, shell: str) -> Iterator[SystemUser]:
    who = SystemUser(f"rt-{secrets.token_hex(4)}", f"pass word {secret()} é$'", folder / "home")
    try:
        # Another test may hold the lock of the list of users.
        until(lambda: _done("useradd", "-m", "-K", "UMASK=022", "-d", str(who.home), "-s", shell, who.name))
        until(lambda: _done("chpasswd", input=f"{who.name}:{who.password}\n"))
        yield who
    finally:
        subprocess.run(["pkill", "-KILL", "-u", who.name], check=False)
        until(lambda: _done("userdel", "-r", "-f", who.name))


def _done(*command: str, input: str = "") -> bool:
    result = subprocess.run(command, input=input, text=True, capture_output=True, check=False)
    return result.returncode == 0 or "does not exist" in result.stderr or "already exists" in result.stderr
