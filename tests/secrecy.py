"""The secrets of the tests, and a pytest plugin that fails the run when one has got where nobody may see it.

Passwords, passphrases and tokens of tests are made by `secret()`, keys by `keygen` with a comment of `IN_KEYS`: both can be
recognized wherever they turn up. Looked through are, while tests run, the answers of viewers and of the clients in this
process, what is logged in this process, and the rows of each test that made a secret; and at the end of the session all
files in its temporary folders: logs with the output of processes, databases with their journals, configurations, stores.
Not looked into is what is packed, encrypted, or in the memory of processes.
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
"""Files of more bytes are looked at in part: so many at both ends."""
_IN_BASE64 = [base64.b64encode((WORD[turn:] + WORD[:turn]).encode()) * 2 for turn in range(3)]
_SIGNS = (f"{WORD}-".encode(), *_IN_BASE64)
"""To look for these one after the other is many times quicker than a pattern."""
_MARKS = re.compile(b"|".join([rb"sekret-[0-9a-f]{16}", *_IN_BASE64]))
_held: set[str] = set()
_leaks: list[str] = []
_made = 0


def secret() -> str:
    """A password, passphrase or token that nothing may show; another one each time."""
    global _made
    _made += 1
    return f"{WORD}-{secrets.token_hex(8)}"


def holds(path: Path) -> Path:
    """A file that holds a secret because a test put it there, as a person would."""
    _held.add(os.path.abspath(path))
    return path


def look(content: bytes, where: str) -> None:
    """Note a secret in what anybody could see."""
    found = any(sign in content for sign in _SIGNS) and _MARKS.search(content)
    if found:
        _leaks.append(f"{where}: …{content[max(0, found.start() - 60) : found.end()]!r}")


def look_at(answer: Any) -> Any:
    """Note a secret in an answer to a request, and pass it on. One that is streamed is not read."""
    if not getattr(answer, "streaming", False):
        look(answer.content, f"an answer with status {answer.status_code}")
    look(
        "\n".join(f"{name}: {text}" for name, text in answer.headers.items()).encode(),
        "the head of an answer",
    )
    return answer


def look_through(folders: Iterable[Path]) -> int:
    """Note the secrets in all files below some folders; how many files there were."""
    count, waiting = 0, [os.fspath(folder) for folder in folders]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            for one in found:
                if one.is_dir(follow_symlinks=False):
                    waiting.append(one.path)
                elif one.is_file(follow_symlinks=False) and one.path not in _held:
                    count += 1
                    look(_content(one), one.path)
    return count


def _content(file: os.DirEntry[str]) -> bytes:
    """What is looked at of a file: of a very large one both ends."""
    with open(file.path, "rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        if size <= CEILING:
            return opened.read()
        begin = opened.read(END)
        opened.seek(size - END)
        return begin + opened.read(END)


def taken() -> list[str]:
    """The secrets that were found since the last call, one a sentence."""
    found, _leaks[:] = list(_leaks), []
    return found


class _Logged(logging.Handler):
    """Looks at what is logged in this process, tracebacks included."""

    def emit(self, record: logging.LogRecord) -> None:
        look(self.format(record).encode("utf-8", "replace"), f"the log of {record.name}")


_logged = _Logged()


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_BEFORE] = _made
    if _logged not in logging.getLogger().handlers:  # logging may have been set up anew
        logging.getLogger().addHandler(_logged)


_BEFORE = pytest.StashKey[int]()
_ROWS = {"db", "transactional_db"}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Look at the rows of a test that made a secret, before they are gone."""
    uses_rows = item.get_closest_marker("django_db") or _ROWS & set(getattr(item, "fixturenames", ()))
    if item.stash.get(_BEFORE, _made) == _made or not uses_rows:
        return
    from django.db import connection

    if connection.vendor == "sqlite" and connection.connection is not None:
        look(
            "\n".join(connection.connection.iterdump()).encode("utf-8", "replace"), f"a row of {item.nodeid}"
        )


@pytest.fixture(scope="session", autouse=True)
def no_secret_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fails at the end of the session (of each process of it) when a secret was found anywhere."""
    yield
    look_through([tmp_path_factory.getbasetemp(), isolated.HOME])
    if leaks := taken():
        pytest.fail("Secrets of the tests were found in the clear:\n" + "\n".join(leaks), pytrace=False)
