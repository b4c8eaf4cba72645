"""The journal's two halves: lines are added whole, and read only when they are whole."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runicorn.store import journal
from runicorn.store.journal.appender import Appender

LINES = st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b".") + b"\n"), max_size=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.fixture
def reader(path: Path) -> Iterator[int]:
    path.touch()
    fd = os.open(path, os.O_RDONLY)
    yield fd
    os.close(fd)


def test_a_line_is_in_the_file_when_write_returns(path: Path) -> None:
    appender = Appender(path)
    assert appender.write(b"one\n") and path.read_bytes() == b"one\n"
    appender.close()
    assert appender.write(b"two\n") and path.read_bytes() == b"one\ntwo\n"
    appender.close()


def test_the_file_is_not_made_before_it_is_needed(path: Path) -> None:
    Appender(path).close()
    assert not path.exists()


@pytest.mark.parametrize(
    ("before", "after"), [(b"torn", b"torn\nnew\n"), (b"whole\n", b"whole\nnew\n"), (b"", b"new\n")]
)
def test_a_torn_end_gets_a_newline_first(path: Path, before: bytes, after: bytes) -> None:
    path.write_bytes(before)
    appender = Appender(path)
    appender.write(b"new\n")
    appender.close()
    assert path.read_bytes() == after


def test_what_cannot_be_written_is_counted(tmp_path: Path) -> None:
    appender = Appender(tmp_path / "nowhere" / "events.jsonl")
    assert [appender.write(b"x\n") for _ in range(3)] == [False] * 3
    assert appender.missing == 3 and isinstance(appender.error, FileNotFoundError)
    (tmp_path / "nowhere").mkdir()
    assert appender.flush() and appender.missing == 0
    appender.close()
    assert appender.path.read_bytes() == b"x\n" * 3


def test_appenders_of_one_file_never_mix_their_lines(path: Path) -> None:
    appenders = [Appender(path) for _ in range(6)]

    def work(who: int) -> None:
        for _ in range(300):
            appenders[who % 3 * 2].write(bytes([65 + who]) * (who * 150 + 1) + b"\n")

    threads = [threading.Thread(target=work, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for appender in appenders:
        appender.close()
    lines = path.read_bytes().split(b"\n")[:-1]
    assert len(lines) == 1800 and all(len(set(line)) == 1 for line in lines)
    assert all(len(line) == (line[0] - 65) * 150 + 1 for line in lines)


@given(lines=LINES, torn=st.binary(max_size=30), limit=st.integers(1, 100))
def test_reading_on_gives_every_whole_line_once_and_never_the_torn_one(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], torn: bytes, limit: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines"
    path.write_bytes(b"".join(lines) + torn.replace(b"\n", b"."))
    fd = os.open(path, os.O_RDONLY)
    try:
        content = b""
        while chunk := journal.complete(fd, len(content), limit):
            assert chunk.endswith(b"\n") and (len(chunk) <= limit or chunk.count(b"\n") == 1)
            content += chunk
    finally:
        os.close(fd)
    assert content == b"".join(lines)


def test_half_a_line_waits_for_its_end(path: Path, reader: int) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(b"one\ntw")
        assert journal.complete(reader, 0, 100) == b"one\n"
        assert journal.complete(reader, 4, 100) == b""
        file.write(b"o\n")
        assert journal.complete(reader, 4, 100) == b"two\n"


def test_a_line_longer_than_the_limit_comes_whole(path: Path, reader: int) -> None:
    line = b"x" * 1_000_000 + b"\n"
    path.write_bytes(line + b"next\n")
    assert journal.complete(reader, 0, 1000) == line
    assert journal.complete(reader, len(line), 1000) == b"next\n"


def test_a_line_without_an_end_comes_in_pieces(
    path: Path, reader: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LINE_CEILING", 200_000)
    path.write_bytes(b"x" * 500_000 + b"\nnext\n")
    first = journal.complete(reader, 0, 1000)
    second = journal.complete(reader, 200_000, 1000)
    assert (len(first), len(second)) == (200_000, 200_000) and b"\n" not in first + second
    assert journal.complete(reader, 400_000, 1000) == b"x" * 100_000 + b"\n"
