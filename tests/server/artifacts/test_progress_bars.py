"""Progress of long artifact operations at a terminal."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

import runicorn as rn
from runicorn.artifacts import verify
from runicorn.artifacts.create import Draft, save
from runicorn.artifacts.store import Store
from runicorn.store import progress
from tests.processes import PROJECT, environment

Write = Callable[..., Path]
REMOVED = "\x1b[1A\x1b[2K"
# Without the delay the bar appears with the first bytes, however fast the disk is.
SCRIPT = """
import sys
from runicorn.store import progress
progress.DELAY, progress.INTERVAL = float(sys.argv[3]), 0.0
import runicorn as rn
run = rn.init("p", "n", storage=sys.argv[1], capture_env=False, system_metrics=False, mode="online")
artifact = rn.Artifact("net").add_dir(sys.argv[2])
run.log_artifact(artifact)
artifact.download(sys.argv[1] + "/out")
run.finish()
"""
LINE = re.compile(
    r"(net[^ ]*): [━╸╺ ]{24} +\d+% [\d.]+/1\.5 MB (\?|[\d.,]+ [kMG]?B/s) (-:--:--|\d:\d\d:\d\d)"
)
CONTROL = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


class Totals(progress.Progress):
    """Sums of the bytes that a bar would show."""

    def __init__(self) -> None:
        self.done = self.added = 0

    def advance(self, count: int) -> None:
        self.done += count

    def extend(self, count: int) -> None:
        self.added += count

    def close(self) -> None: ...


def output_at_a_terminal(tmp_path: Path, folder: Path, columns: int, delay: float) -> str:
    """Return the output at a terminal of `columns` while files are stored and downloaded."""
    sources = tmp_path / "sources"
    sources.mkdir()
    for number in range(5):
        (sources / f"{number}.bin").write_bytes(os.urandom(300_000))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-c", SCRIPT, str(folder), str(sources), str(delay)]
    # pytest-xdist sets COLUMNS, which rich believes before the terminal.
    variables = {name: text for name, text in environment(tmp_path / "home").items() if name != "COLUMNS"}
    process = subprocess.Popen(command, env=variables, cwd=PROJECT, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    output = b""
    try:
        while piece := os.read(master, 65536):
            output += piece
    except OSError:  # Linux raises EIO once the other end of a terminal is closed
        pass
    os.close(master)
    assert process.wait() == 0, output.decode()
    return output.decode()


def lines_of(output: str) -> list[str]:
    """Return the progress lines that were drawn, without colors."""
    pieces = re.split(r"[\r\n]", CONTROL.sub("", output))
    return [piece.strip() for piece in pieces if "%" in piece]


def test_a_terminal_shows_share_rate_and_remaining_time(tmp_path: Path, folder: Path) -> None:
    output = output_at_a_terminal(tmp_path, folder, 120, 0.0)
    matches = [LINE.fullmatch(line) for line in lines_of(output)]
    assert all(matches), lines_of(output)
    assert {line[1] for line in matches if line} == {"net", "net:v1"}
    assert "100% 1.5/1.5 MB" in lines_of(output)[-1]
    assert output.count(REMOVED) == 2  # after storing, and after downloading
    assert output.rindex(REMOVED) > output.rindex("%")


def test_the_line_fits_a_narrow_terminal(tmp_path: Path, folder: Path) -> None:
    output = output_at_a_terminal(tmp_path, folder, 40, 0.0)
    bars = [piece for piece in re.split(r"[\r\n]", CONTROL.sub("", output)) if "net" in piece]
    assert bars and all(len(line) <= 40 for line in bars)


def test_a_fast_operation_shows_no_progress(tmp_path: Path, folder: Path) -> None:
    output = output_at_a_terminal(tmp_path, folder, 120, 600.0)
    assert "%" not in output and "\x1b" not in output


def test_without_a_terminal_no_progress_is_written(tmp_path: Path, folder: Path, write: Write) -> None:
    source = write("w.bin", os.urandom(300_000)).parent
    command = [sys.executable, "-c", SCRIPT, str(folder), str(source), "0"]
    home = environment(tmp_path / "home")
    ended = subprocess.run(command, env=home, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "%" not in ended.stderr and "\r" not in ended.stderr and not ended.stdout


def test_the_bar_appears_after_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    bar = progress.Bar("net:", 4_000_000)
    is_visible = []
    for now[0] in (101.0, 101.9, 102.1, 102.2):
        bar.advance(500_000)
        is_visible.append(bar._bar is not None)
    assert is_visible == [False, False, True, True]
    assert bar._bar is not None and bar._bar.tasks[0].completed == 1_500_000
    bar.close()


def test_a_lost_terminal_does_not_end_the_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    class LostTerminal(StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setattr(sys, "stderr", LostTerminal())
    bar = progress.Bar("net:", 1000)
    bar.advance(1000)
    bar.close()


@pytest.mark.parametrize("size", [1000, 3_000_000])
def test_the_total_matches_the_bytes_processed(either: str, shelves: Store, write: Write, size: int) -> None:
    """A new file is read once: hashed while it is copied."""
    ways = 2 if either == "copies" else 1
    for number in range(3):
        draft = Draft("m", "model", files={"w.bin": write(f"{number}.bin", os.urandom(size))})
        totals = Totals()
        version = save(shelves, draft, totals)
        assert totals.done == size + totals.added
        assert totals.added == size * (ways - 1)
        totals = Totals()
        verify.verify(version, totals)
        assert (totals.done, totals.added) == (size * ways, size * (ways - 1))
    assert rn.Artifact.of(version).download(shelves.path / "out").is_dir()
