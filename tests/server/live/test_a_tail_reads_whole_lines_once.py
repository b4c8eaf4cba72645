from __future__ import annotations

from pathlib import Path

import pytest

from runicorn.store import journal
from runicorn_site.web.files import OpenFile
from runs.live import tail as tails
from runs.live.tail import Tail, text_lines
from tests.server.live.files import append, numbered, read_all


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "logs.txt"
    path.touch()
    return path


def test_a_tail_returns_each_line_once(path: Path) -> None:
    tail = Tail()
    append(path, "one\ntwo\n")
    assert read_all(tail, path) == ["one", "two"]
    assert read_all(tail, path) == []
    append(path, "three\n")
    assert read_all(tail, path) == ["three"]


def test_half_a_line_waits_for_its_newline(path: Path) -> None:
    tail = Tail()
    append(path, "whole\nhal")
    assert read_all(tail, path) == ["whole"]
    append(path, "f and")
    assert read_all(tail, path) == []
    append(path, " done\n")
    assert read_all(tail, path) == ["half and done"]


def test_a_character_torn_between_two_writes_stays_whole(path: Path) -> None:
    tail = Tail()
    encoded = "größe\n".encode()
    append(path, encoded[:3])
    assert read_all(tail, path) == []
    append(path, encoded[3:])
    assert read_all(tail, path) == ["größe"]


def test_a_chunk_has_its_offsets(path: Path) -> None:
    append(path, "one\n\ntwo\nhalf")
    chunk = Tail().read(OpenFile(path))
    assert chunk is not None
    assert (chunk.data, chunk.start, chunk.end) == (b"one\n\ntwo\n", 0, 9)
    assert text_lines(chunk.data, chunk.start) == [("one", 4), ("two", 9)]


def test_nothing_but_blank_lines_is_left_out_and_nothing_but_the_newline_taken_off(path: Path) -> None:
    append(path, b"  indented\t\r\n\r\n   \n\n\x1b[31mred\x1b[0m\n 50%|##\r100%|####\n")
    assert read_all(Tail(), path) == ["  indented\t\r", "\x1b[31mred\x1b[0m", " 50%|##\r100%|####"]


def test_bytes_that_are_no_utf8_are_replaced(path: Path) -> None:
    append(path, b"caf\xe9\nok\n")
    assert read_all(Tail(), path) == ["caf\ufffd", "ok"]


def test_a_line_of_a_megabyte_arrives_whole(path: Path) -> None:
    long = "x" * (1 << 20)
    append(path, f"before\n{long}\nafter\n")
    assert read_all(Tail(), path) == ["before", long, "after"]


def test_a_long_line_that_grows_is_searched_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total = 0

    def counting(fd: int, size: int, offset: int) -> bytes:
        nonlocal total
        data = real(fd, size, offset)
        total += len(data)
        return data

    real = tails.read_at
    monkeypatch.setattr(tails, "read_at", counting)
    tail = Tail()
    for _ in range(100):
        append(path, "x" * 100_000)
        assert read_all(tail, path) == []
    append(path, "\n")
    assert read_all(tail, path) == ["x" * 10_000_000]
    # Once to find the newline, once to take the line, and one block at each of the hundred looks.
    assert total < 2 * 10_000_000 + 110 * 2 * tails.BLOCK


def test_a_line_over_the_ceiling_is_cut_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "LINE_CEILING", 200_000)
    append(path, "x" * 450_000 + "\nnext\n")
    assert [len(line) for line in read_all(Tail(), path)] == [200_000, 200_000, 50_000, 4]
    assert journal.LINE_CEILING == 64 * 2**20


def test_a_log_of_many_blocks_is_complete(path: Path) -> None:
    append(path, numbered(20_000))
    assert read_all(Tail(), path) == numbered(20_000).splitlines()


def test_a_tail_continues_at_the_end_of_an_earlier_chunk(path: Path) -> None:
    append(path, numbered(100))
    file = OpenFile(path)
    chunk = Tail().read(file)
    assert chunk is not None
    append(path, "new\n")
    assert read_all(Tail.at(file, chunk.end), path) == ["new"]


@pytest.mark.parametrize("offset", [3, 10_000])
def test_where_no_line_begins_the_file_is_read_from_its_beginning(path: Path, offset: int) -> None:
    append(path, "first\nsecond\n")
    assert read_all(Tail.at(OpenFile(path), offset), path) == ["<replaced>", "first", "second"]


def test_a_pipe_and_a_link_are_not_opened(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/hostname")
    for name in ("pipe", "link", "missing"):
        with pytest.raises(OSError):
            OpenFile(tmp_path / name)
