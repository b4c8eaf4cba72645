"""A real user of this machine for a while, with a password and a home: logins by password need one."""

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
class Somebody:
    """A user who can log in."""

    name: str
    password: str
    home: Path


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into; those of pytest are closed again by each session that begins."""
    folder = Path(tempfile.mkdtemp(prefix="runicorn-people-"))
    folder.chmod(0o755)
    try:
        yield folder
        look_through([folder])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def somebody(shell: str = "/bin/sh") -> Iterator[Somebody]:
    """A user with a home; they are gone, and so are their processes, when the block ends.

    Skips the test when this process may not make users.
    """
    if os.getuid() != 0 or not shutil.which("useradd"):
        pytest.skip("logins by password are not tried: only root can make a user")
    with open_folder() as folder, _made(folder, shell) as who:
        yield who


@contextmanager
def _made(folder: Path, shell: str) -> Iterator[Somebody]:
    who = Somebody(f"rt-{secrets.token_hex(4)}", f"pass word {secret()} é$'", folder / "somebody")
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
