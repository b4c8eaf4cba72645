"""The search after a test session finds planted secrets anywhere and fails the session."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from runs.models import StorageRoot
from tests import secrecy
from tests.processes import PROJECT
from tests.secrecy import look_at, look_through, pop_leaks, search, secret
from tests.sshd import keygen

SESSION = """
from tests.secrecy import secret

def test_leaks(tmp_path):
    (tmp_path / "viewer.log").write_text("password " + secret())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that is removed before the session itself is searched."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def planted(folder: Path, content: bytes) -> list[str]:
    """Return the findings for a file with this content."""
    (folder / "a file").write_bytes(content)
    assert look_through([folder]) == 1
    return pop_leaks()


def test_a_secret_is_found_in_every_form_that_files_have(folder: Path) -> None:
    password = secret()
    for content in (
        password,
        f'{{"password": "{password}"}}',
        f"x={password}&y=1",
        f"\0\xff{password}\0",
        "a" * 10**6 + password,
    ):
        assert len(planted(folder, content.encode("latin-1"))) == 1
    assert planted(folder, b"sekret-, sekret and secrets") == []


def test_a_secret_is_found_in_a_database_and_its_journal(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "rows.sqlite3")) as rows:
        rows.execute("PRAGMA journal_mode=WAL")
        rows.execute("CREATE TABLE t (text)")
        rows.execute("INSERT INTO t VALUES (?)", [secret()])
        rows.commit()
        look_through([folder])
    assert [leak for leak in pop_leaks() if "rows.sqlite3-wal" in leak]


@pytest.mark.needs("ssh-keygen")
def test_the_text_of_a_key_is_found_wherever_it_begins(tmp_path: Path) -> None:
    key = keygen(tmp_path / "key")
    assert look_through([tmp_path]) == 1  # the public key; the test wrote the private one itself
    assert pop_leaks() == []
    for line in ("", "x", "xy", "xyz\n"):
        search((line + key.read_text()).encode(), "an answer")
        assert len(pop_leaks()) == 1
    search(keygen(tmp_path / "protected", passphrase=secret()).read_bytes(), "protected")
    assert pop_leaks() == []


def test_a_secret_is_found_in_responses_and_logs() -> None:
    password = secret()
    look_at(SimpleNamespace(content=password.encode(), status_code=200, headers={}))
    look_at(SimpleNamespace(content=b"", status_code=302, headers={"Location": f"/?p={password}"}))
    try:
        raise ValueError(password)
    except ValueError:
        logging.getLogger("somewhere").exception("It went wrong")
    assert [leak.partition(":")[0] for leak in pop_leaks()] == [
        "an answer with status 200",
        "the head of an answer",
        "the log of somewhere",
    ]


@pytest.mark.django_db
def test_a_secret_is_found_in_rows(request: pytest.FixtureRequest) -> None:
    row = StorageRoot.objects.create(path=f"/{secret()}", opened_at=0)
    secrecy.pytest_runtest_teardown(request.node)
    row.delete()
    assert len([leak for leak in pop_leaks() if leak.startswith(f"a row of {request.node.nodeid}: ")]) == 1


def test_a_test_session_that_leaves_a_secret_fails(folder: Path) -> None:
    (folder / "test_it.py").write_text(SESSION)
    plugins = ("no:cacheprovider", "no:django", "no:playwright", "tests.isolated", "tests.secrecy")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "1",
        "-c",
        "/dev/null",
        "--basetemp",
        f"{folder}/base",
    ]
    command += [part for plugin in plugins for part in ("-p", plugin)]
    command.append(f"{folder}/test_it.py")
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode == 1 and "1 passed, 1 error" in ended.stdout, ended.stdout
    assert "viewer.log: " in ended.stdout
