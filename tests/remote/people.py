"""A real user of this machine for a while, with a password and a home: logins by password need one."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import until


@dataclass(frozen=True)
class Somebody:
    """A user who can log in."""

    name: str
    password: str
    home: Path


@contextmanager
def somebody(folder: Path, shell: str = "/bin/sh") -> Iterator[Somebody]:
    """A user whose home lies in `folder`; they are gone, and so are their processes, when the block ends.

    Skips the test when this process may not make users.
    """
    if os.getuid() != 0 or not shutil.which("useradd"):
        pytest.skip("logins by password are not tried: only root can make a user")
    who = Somebody(f"rt-{secrets.token_hex(4)}", f"pass word {secrets.token_hex(8)} é$'", folder / "somebody")
    for above in [folder, *folder.parents]:
        if above.owner() == "root" and above.stat().st_mode & 0o005 != 0o005 and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)
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
