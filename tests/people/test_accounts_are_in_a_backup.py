from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.people.lab import ROLES, add_users
from tests.processes import PROJECT, environment


def run(home: Path, *words: str) -> str:
    """Run `runicorn` with the data of a home directory, and return its output."""
    command = [sys.executable, "-m", "runicorn", *words]
    done = subprocess.run(
        command, env=environment(home), cwd=PROJECT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_users_and_their_roles_are_restored_on_another_machine(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    add_users(before, ROLES)
    file = tmp_path / "backup.tar.gz"
    run(before, "backup", str(file))
    run(after, "restore", str(file))
    users = json.loads(run(after, "user", "list", "--json"))["users"]
    assert {user["name"]: (user["role"], user["projects"]) for user in users} == ROLES
    assert (after / "data" / "accounts.sqlite3").stat().st_mode & 0o777 == 0o600
