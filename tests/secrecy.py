"""Secrets of tests, and a pytest plugin that fails the session if one of them leaks.

Passwords, passphrases and tokens of tests come from `secret()`, keys from `keygen` with a comment of `IN_KEYS`: both can be
recognized anywhere. Searched are, while tests run, the responses of viewers and of the clients in this
process, what is logged in this process, and the rows of each test that made a secret; and at the end of the session all
files in its temporary folders: logs with the output of processes, databases with their journals, configurations, stores.
Not searched: compressed or encrypted data, and the memory of processes.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import isolated

WORD = "sekret"
IN_KEYS = WORD * 12
"""The comment of a key: within an unprotected private key it is visible, in base64, on one line at least."""
CEILING, END = 32 * 2**20, 2**20
"""Larger files are searched in part: this many bytes at both ends."""
_IN_BASE64 = [base64.b64encode((WORD[turn:] + WORD[:turn]).encode()) * 2 for turn in range(3)]
_SIGNS = (f"{WORD}-".encode(), *_IN_BASE64)
"""Searching for these one after the other is many times faster than a pattern."""
_MARKS = re.compile(b"|".join([rb"sekret-[0-9a-f]{16}", *_IN_BASE64]))
_held: set[str] = set()
_leaks: list[str] = []
_made = 0


def secret() -> str:
    """Return a new password, passphrase or token that must not leak."""
    global _made
    _made += 1
    return f"{WORD}-{secrets.token_hex(8)}"


def holds(path: Path) -> Path:
    """Exempt a file into which a test wrote a secret, and return it."""
    _held.add(os.path.abspath(path))
    return path


def search(content: bytes, where: str) -> None:
    """Record a secret in visible content."""
    match = any(sign in content for sign in _SIGNS) and _MARKS.search(content)
    if match:
        _leaks.append(f"{where}: …{content[max(0, match.start() - 60) : match.end()]!r}")


def look_at(answer: Any) -> Any:
    """Search a response and return it; a streamed one is not read."""
    if not getattr(answer, "streaming", False):
        search(answer.content, f"an answer with status {answer.status_code}")
    search(
        "\n".join(f"{name}: {text}" for name, text in answer.headers.items()).encode(),
        "the head of an answer",
    )
    return answer


def look_through(folders: Iterable[Path]) -> int:
    """Search all files below some folders and return their number."""
    count, waiting = 0, [os.fspath(folder) for folder in folders]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False) and entry.path not in _held:
                    count += 1
                    search(_content(entry), entry.path)
    return count


def _content(file: os.DirEntry[str]) -> bytes:
    """Return the content of a file, or both ends of a very large one."""
    with open(file.path, "rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        if size <= CEILING:
            return opened.read()
        begin = opened.read(END)
        opened.seek(size - END)
        return begin + opened.read(END)


def pop_leaks() -> list[str]:
    """Return the secrets found since the last call, each as a sentence."""
    leaks, _leaks[:] = list(_leaks), []
    return leaks


class _Logged(logging.Handler):
    """Search the log of this process, tracebacks included."""

    def emit(self, record: logging.LogRecord) -> None:
        search(self.format(record).encode("utf-8", "replace"), f"the log of {record.name}")


_logged = _Logged()


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_BEFORE] = _made
    if _logged not in logging.getLogger().handlers:  # logging may have been configured again
        logging.getLogger().addHandler(_logged)


_BEFORE = pytest.StashKey[int]()
_ROWS = {"db", "transactional_db"}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Search the rows of a test with a secret before they are removed."""
    uses_rows = item.get_closest_marker("django_db") or _ROWS & set(getattr(item, "fixturenames", ()))
    if item.stash.get(_BEFORE, _made) == _made or not uses_rows:
        return
    from django.db import connection

    if connection.vendor == "sqlite" and connection.connection is not None:
        search(
            "\n".join(connection.connection.iterdump()).encode("utf-8", "replace"), f"a row of {item.nodeid}"
        )


@pytest.fixture(scope="session", autouse=True)
def no_secret_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fails at the end of the session (of each process of it) when a secret was found anywhere."""
    yield
    look_through([tmp_path_factory.getbasetemp(), isolated.HOME])
    if leaks := pop_leaks():
        pytest.fail("Secrets of the tests were found in the clear:\n" + "\n".join(leaks), pytrace=False)
