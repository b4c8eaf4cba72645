"""What real progress bars leave in a log: the last state of each, not each of its states."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from rich.console import Console as RichConsole
from rich.progress import Progress
from tqdm import tqdm

from runicorn.capture.terminal_lines import Screen


class Terminal(io.StringIO):
    """A stream that says it is a terminal and hands what is written to a screen."""

    def __init__(self) -> None:
        super().__init__()
        self.screen = Screen()
        self.lines: list[str] = []

    def write(self, text: str) -> int:
        self.lines += self.screen.feed(text)
        return len(text)

    def isatty(self) -> bool:
        return True

    def end(self) -> list[str]:
        """All lines, what was held back included."""
        return self.lines + self.screen.flush()


@pytest.fixture
def terminal() -> Terminal:
    """An empty terminal."""
    return Terminal()


def _bar(terminal: Terminal, count: int, name: str, **more: Any) -> Any:
    return tqdm(range(count), desc=name, file=terminal, mininterval=0, ncols=60, ascii=True, **more)


def test_a_bar_is_one_line(terminal: Terminal) -> None:
    for _ in _bar(terminal, 50, "epoch 1"):
        assert terminal.lines == []
    terminal.write("done\n")
    bar, last_line = terminal.end()
    assert bar.startswith("epoch 1: 100%|") and "50/50" in bar
    assert last_line == "done"


def test_bars_one_after_the_other_are_a_line_each(terminal: Terminal) -> None:
    for name in ("a", "b", "c"):
        for _ in _bar(terminal, 20, name):
            pass
    assert [line[:7] for line in terminal.end()] == ["a: 100%", "b: 100%", "c: 100%"]


def test_a_bar_that_clears_itself_leaves_nothing(terminal: Terminal) -> None:
    for _ in _bar(terminal, 20, "a", leave=False):
        pass
    assert terminal.end() == []


def test_nested_bars_do_not_fill_the_log(terminal: Terminal) -> None:
    for _ in _bar(terminal, 5, "epochs", position=0):
        for _ in _bar(terminal, 30, "batches", position=1, leave=False):
            pass
    terminal.write("done\n")
    lines = [line for line in terminal.end() if line.strip()]
    assert len(lines) <= 3, lines
    assert any(line.startswith("epochs: 100%") for line in lines)
    assert lines[-1].endswith("done")


def test_what_is_written_beside_a_bar_is_in_the_log_once(terminal: Terminal) -> None:
    bar = _bar(terminal, 30, "a")
    for n in bar:
        if n % 10 == 0:
            bar.write(f"checkpoint {n}", file=terminal)
    lines = terminal.end()
    assert [line for line in lines if line.startswith("checkpoint")] == [
        "checkpoint 0",
        "checkpoint 10",
        "checkpoint 20",
    ]
    assert len(lines) == 4 and lines[-1].startswith("a: 100%")


def test_a_block_of_rows_that_rich_redraws_is_left_once(terminal: Terminal) -> None:
    console = RichConsole(
        file=terminal, force_terminal=True, width=80, color_system=None, legacy_windows=False
    )
    with Progress(console=console, auto_refresh=False) as progress:
        tasks = [progress.add_task(f"part {n}", total=10) for n in range(12)]
        for _ in range(10):
            for task in tasks:
                progress.advance(task)
            progress.refresh()
    lines = terminal.end()
    # The first drawing is plain lines; nothing tells yet that the cursor will come back to them.
    for n in range(12):
        assert 1 <= sum(line.startswith(f"part {n} ") for line in lines) <= 2
    assert sum("100%" in line for line in lines) == 12


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("1/3\b\b\b2/3\b\b\b3/3\n", ["3/3"]),
        ("working |\b/\b-\b\\\n", ["working \\"]),
        ("\x1b[32mgreen\x1b[0m\n", ["\x1b[32mgreen\x1b[0m"]),
        ("\x1b[32m|\x1b[0m\b\x1b[32m/\x1b[0m\n", ["\x1b[32m\x1b[32m/\x1b[0m"]),
        ("50%\r100%\r\n", ["100%"]),
        ("windows\r\nlines\r\n", ["windows", "lines"]),
        ("gone\r\x1b[K", []),
        ("gone\x1b[2K\rhere\n", ["here"]),
        ("\n\n", ["", ""]),
        ("no end", ["no end"]),
        ("bar 1\rbar 2   \n", ["bar 2"]),
        ("\x1b[?25lhidden cursor\x1b[?25h\n", ["hidden cursor"]),
        ("one\n\x1b[Atwo\x1b[K\n", ["one", "two"]),
    ],
)
def test_what_a_terminal_would_show_is_what_the_log_gets(text: str, lines: list[str]) -> None:
    screen = Screen()
    assert screen.feed(text) + screen.flush() == lines


def test_a_snapshot_shows_what_changed_since_the_last() -> None:
    screen = Screen()
    screen.feed("plain, and not finished")
    assert screen.snapshot() == []
    screen.feed("\n\r10%\r20%")
    assert screen.snapshot() == ["20%"]
    assert screen.snapshot() == []
    screen.feed("\r30%")
    assert screen.snapshot() == ["30%"]
    assert screen.feed("\n") + screen.flush() == []


def test_a_finished_bar_is_told_when_the_output_rests() -> None:
    screen = Screen()
    assert screen.feed("\r50%\r100%\n") == []
    assert screen.is_busy()
    assert screen.settle() == ["100%"]
    assert not screen.is_busy()


def test_rows_that_are_redrawn_together_are_not_told_when_the_output_rests() -> None:
    screen = Screen()
    lines: list[str] = screen.feed("a 1\nb 1")
    for n in range(2, 50):
        lines += screen.feed(f"\r\x1b[2K\x1b[1A\x1b[2Ka {n}\nb {n}") + screen.settle()
    assert lines == ["a 1"]
    assert screen.flush() == ["a 49", "b 49"]


def test_the_capture_keeps_pace_with_a_program_that_prints_a_lot() -> None:

    screen, text = Screen(), "epoch 3 step 1000 loss 0.123456\n"
    began = time.thread_time()
    for _ in range(20_000):
        screen.feed(text)
    assert time.thread_time() - began < 2
