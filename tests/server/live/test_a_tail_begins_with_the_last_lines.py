from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runicorn_site.web.files import OpenFile
from runs.live import tail as tails
from runs.live.tail import Tail
from tests.server.live.files import append, read_all


def last(path: Path, lines: int) -> list[str]:
    return read_all(Tail.last(OpenFile(path), lines), path)


@pytest.mark.parametrize(
    ("lines", "expected"), [(0, []), (1, ["c"]), (2, ["b", "c"]), (3, ["a", "b", "c"]), (9, ["a", "b", "c"])]
)
def test_a_tail_returns_the_last_lines_and_not_the_first(
    tmp_path: Path, lines: int, expected: list[str]
) -> None:
    path = tmp_path / "logs.txt"
    path.write_text("a\nb\nc\n")
    assert last(path, lines) == expected


def test_blank_lines_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "logs.txt"
    path.write_text("\n\na\n \nb\n\n\nc\n\n")
    assert last(path, 2) == ["b", "c"]


def test_half_a_line_at_the_end_does_not_count_and_comes_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "logs.txt"
    path.write_text("a\nb\nhal")
    tail = Tail.last(OpenFile(path), 1)
    assert read_all(tail, path) == ["b"]
    append(path, "f\n")
    assert read_all(tail, path) == ["half"]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "logs.txt"
    path.touch()
    assert last(path, 10) == []


def test_ten_thousand_lines_of_a_huge_log_are_found_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "logs.txt"
    with path.open("wb") as file:
        file.truncate(1 << 30)  # a hole of a gigabyte: cheap to make, and as long to read as any
        file.seek(0, 2)
        file.write(b"\n" + b"".join(b"step %06d loss 0.123456\n" % number for number in range(50_000)))
    began = time.thread_time()
    lines = last(path, 10_000)
    assert time.thread_time() - began < 1
    assert (len(lines), lines[0][:11]) == (10_000, "step 040000")


def test_a_last_line_of_a_megabyte_is_found_whole(tmp_path: Path) -> None:
    path = tmp_path / "logs.txt"
    path.write_text("a\n" + "x" * (1 << 20) + "\n")
    assert [len(line) for line in last(path, 1)] == [1 << 20]


@given(
    lines=st.lists(st.sampled_from(["", " ", "a", "bb", "c" * 9]), max_size=40),
    half=st.sampled_from(["", "half"]),
    count=st.integers(0, 12),
    block=st.integers(1, 12),
)
def test_the_tail_is_correct_for_any_block_boundaries(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], half: str, count: int, block: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "blocks.txt"
    path.write_text("".join(f"{line}\n" for line in lines) + half)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tails, "BLOCK", block)
        start = tails.start_of_last(OpenFile(path), count)
    non_empty = [line for line in lines if line.strip()]
    last_lines = [line for line in path.read_text()[start:].split("\n")[:-1] if line.strip()]
    assert last_lines == (non_empty[-count:] if count else [])
