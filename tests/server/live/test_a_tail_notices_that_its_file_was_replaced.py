from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from runs.live.tail import Tail
from tests.server.live.files import append, numbered, read_all


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "logs.txt"
    path.write_text("old one\nold two\n")
    return path


def test_a_shorter_file_is_read_from_its_beginning(path: Path) -> None:
    tail = Tail()
    read_all(tail, path)
    path.write_text("new\n")
    assert read_all(tail, path) == ["<replaced>", "new"]


def test_an_emptied_file_says_so_before_anything_new_comes(path: Path) -> None:
    tail = Tail()
    read_all(tail, path)
    os.truncate(path, 0)
    assert read_all(tail, path) == ["<replaced>"]
    append(path, "new\n")
    assert read_all(tail, path) == ["new"]


def test_a_file_truncated_and_grown_past_the_offset_is_read_from_its_beginning(path: Path) -> None:
    tail = Tail()
    read_all(tail, path)
    path.write_text(numbered(50))
    assert read_all(tail, path) == ["<replaced>", *numbered(50).splitlines()]


def test_a_file_whose_head_alone_changed_is_read_from_its_beginning(path: Path) -> None:
    same = "epoch done\n" * 100
    tail = Tail()
    path.write_text("seed 1\n" + same)
    read_all(tail, path)
    path.write_text("seed 2\n" + same + "more\n")
    assert read_all(tail, path)[:2] == ["<replaced>", "seed 2"]


def test_a_copy_put_in_its_place_is_read_from_its_beginning(path: Path) -> None:
    tail = Tail()
    read_all(tail, path)
    other = path.with_name("other")
    other.write_text(path.read_text() + "more\n")
    os.replace(other, path)
    assert read_all(tail, path) == ["<replaced>", "old one", "old two", "more"]


def test_half_a_line_cut_off_is_no_replacement(path: Path) -> None:
    tail = Tail()
    read_all(tail, path)
    append(path, "torn")
    read_all(tail, path)
    os.truncate(path, path.stat().st_size - 4)
    append(path, "whole\n")
    assert read_all(tail, path) == ["whole"]


class RandomWriting(RuleBasedStateMachine):
    """Whatever is written when, a reader who looks at random moments ends with what the file holds."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "logs.txt"
        self.path.touch()
        self.tail = Tail()
        self.got: list[str] = []
        self.written = 0

    @rule(lines=st.integers(1, 400), half=st.booleans(), width=st.integers(14, 200))
    def append_lines(self, lines: int, half: bool, width: int) -> None:
        self.written += lines
        text = numbered(lines, self.written, width)
        append(self.path, text[: -width // 2] if half else text)

    @rule(part=st.floats(0, 1))
    def truncate(self, part: float) -> None:
        os.truncate(self.path, int(self.path.stat().st_size * part))

    @rule(lines=st.integers(0, 400))
    def replace(self, lines: int) -> None:
        self.written += lines
        other = self.path.with_name("replacement")
        other.write_text(numbered(lines, self.written))
        os.replace(other, self.path)

    @rule()
    def poll(self) -> None:
        for line in read_all(self.tail, self.path):
            self.got = [] if line == "<replaced>" else [*self.got, line]
        assert self.got == [line for line in self.path.read_text().split("\n")[:-1] if line]

    def teardown(self) -> None:
        self.poll()
        self.folder.cleanup()


TestRandomWriting = RandomWriting.TestCase
TestRandomWriting.settings = settings(stateful_step_count=25)
