"""Whoever sits at a terminal sees share, rate and remaining time of what takes over two seconds; nobody else is told."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.artifacts import verify
from runicorn.artifacts.create import Draft, save
from runicorn.artifacts.store import Store
from runicorn.store import progress
from tests.processes import PROJECT, environment

Write = Callable[..., Path]
TAKEN_AWAY = "\r\x1b[K"
# Without its patience the bar is there from the first bytes on: nothing has to be slow.
SCRIPT = """
import sys
from runicorn.store import progress
progress.PATIENCE, progress.INTERVAL = float(sys.argv[3]), 0.0
import runicorn as rn
run = rn.init("p", "n", storage=sys.argv[1], capture_env=False, system_metrics=False, mode="online")
artifact = rn.Artifact("net").add_dir(sys.argv[2])
run.log_artifact(artifact)
artifact.download(sys.argv[1] + "/out")
run.finish()
"""
LINE = re.compile(
    r"net[^ ]*: [█░]{24} [ \d]{3}% [\d.]+ [kM]?B of ([\d.]+ [kM]?B), [\d.]+ [kMG]?B/s, \d:\d\d left"
)


class Memo:
    """Adds up what a bar would be told."""

    def __init__(self) -> None:
        self.done = self.added = 0

    def advance(self, count: int) -> None:
        self.done += count

    def more(self, count: int) -> None:
        self.added += count

    def close(self) -> None: ...


def at_a_terminal(tmp_path: Path, folder: Path, columns: int, patience: float) -> str:
    """What a terminal of so many columns gets while files are stored and fetched."""
    sources = tmp_path / "sources"
    sources.mkdir()
    for number in range(5):
        (sources / f"{number}.bin").write_bytes(os.urandom(300_000))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-c", SCRIPT, str(folder), str(sources), str(patience)]
    process = subprocess.Popen(
        command, env=environment(tmp_path / "home"), cwd=PROJECT, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    said = b""
    try:
        while piece := os.read(master, 65536):
            said += piece
    except OSError:  # Linux says so when the other side of a terminal is gone
        pass
    os.close(master)
    assert process.wait() == 0, said.decode()
    return said.decode()


def test_at_a_terminal_a_line_tells_share_rate_and_remaining_time(tmp_path: Path, folder: Path) -> None:
    said = at_a_terminal(tmp_path, folder, 120, 0.0)
    drawn = [piece.partition("\x1b[K")[0] for piece in said.split("\r") if "%" in piece]
    assert all(LINE.fullmatch(line) for line in drawn), drawn
    assert {line.split(": ")[0] for line in drawn} == {"net", "net:v1"}
    assert " 100% 1.5 MB of 1.5 MB," in drawn[-1] and drawn[-1].endswith(" 0:00 left")
    assert said.count(TAKEN_AWAY) == 2  # after storing, and after fetching
    assert said.rstrip("\n\r").rindex(TAKEN_AWAY) > said.rindex("left")


def test_in_a_narrow_terminal_it_stays_in_one_line(tmp_path: Path, folder: Path) -> None:
    said = at_a_terminal(tmp_path, folder, 40, 0.0)
    drawn = [piece.partition("\x1b[K")[0] for piece in said.split("\r") if "%" in piece]
    assert drawn and all(len(line) < 40 for line in drawn)


def test_what_is_quick_goes_without_a_word(tmp_path: Path, folder: Path) -> None:
    said = at_a_terminal(tmp_path, folder, 120, progress.PATIENCE)
    assert "%" not in said and "\x1b" not in said


def test_where_nobody_looks_nothing_is_said(tmp_path: Path, folder: Path, write: Write) -> None:
    source = write("w.bin", os.urandom(300_000)).parent
    command = [sys.executable, "-c", SCRIPT, str(folder), str(source), "0"]
    home = environment(tmp_path / "home")
    ended = subprocess.run(command, env=home, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "%" not in ended.stderr and "\r" not in ended.stderr and not ended.stdout


def test_it_begins_after_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now, drawn = [100.0], []
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress.Bar, "_write", lambda _, text: drawn.append(text))
    bar = progress.Bar("net:", 4_000_000)
    for now[0] in (101.0, 101.9, 102.1, 102.2, 104.0):
        bar.advance(500_000)
    figures = [line.partition("% ")[2].partition("\x1b")[0] for line in drawn]
    assert figures == ["1.5 MB of 4.0 MB, 714.3 kB/s, 0:03 left", "2.5 MB of 4.0 MB, 625.0 kB/s, 0:02 left"]
    bar.close()
    assert drawn[-1] == TAKEN_AWAY


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (90, "数据: ████████████░░░░░░░░░░░░  50% 2.0 GB of 4.0 GB, 1.0 GB/s, 0:02 left"),
        (72, "数据:  50% 2.0 GB of 4.0 GB, 1.0 GB/s, 0:02 left"),
        (46, " 50% 2.0 GB of 4.0 GB, 1.0 GB/s, 0:02 left"),
        (20, "50%"),
    ],
)
def test_the_line_fits_the_terminal(width: int, line: str) -> None:
    bar = progress.Bar("数据:", 4_000_000_000)
    bar._done = 2_000_000_000
    assert bar.line(2.0, width) == line


def test_the_bar_of_empty_files_is_full() -> None:
    assert progress.Bar("d:", 0).line(3.0, 100).endswith("100% 0 B of 0 B, 0 B/s, 0:00 left")


@pytest.mark.parametrize("size", [1000, 3_000_000])
def test_what_is_told_in_all_is_what_was_said_before(
    either: str, shelves: Store, write: Write, size: int
) -> None:
    """Also of a file whose size the store has seen: it is hashed first, and then copied after all."""
    ways = 2 if either == "copies" else 1
    for number in range(3):
        draft = Draft("m", "model", files={"w.bin": write(f"{number}.bin", os.urandom(size))})
        memo = Memo()
        version = save(shelves, draft, memo)
        assert memo.done == size * ways + memo.added
        assert memo.added == (size if size > 1_000_000 and number else 0)
        memo = Memo()
        verify.verify(version, memo)
        assert (memo.done, memo.added) == (size * ways, size * (ways - 1))
    assert rn.Artifact.of(version).download(shelves.path / "out").is_dir()
