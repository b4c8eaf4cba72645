"""Programs asked on the side: their output up to a limit, their end with everything they started."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from runicorn.capture.subprocesses import Commands, Output
from tests.sdk.tracking.scripts import has_ended
from tests.waiting import until


def _sh(text: str) -> list[str]:
    return ["sh", "-c", text]


def test_the_output_is_returned() -> None:
    assert Commands().output(_sh("echo some words"), timeout=60) == Output(b"some words\n", True)


@pytest.mark.parametrize("command", [["/nowhere/program"], _sh("exit 3"), _sh("kill -9 $$"), ["a\0b"]])
def test_a_program_that_fails_has_no_output(command: list[str]) -> None:
    assert Commands().output(command, timeout=60) is None


def test_a_program_that_writes_more_is_ended() -> None:
    answer = Commands().output(["yes"], timeout=60, limit=1000)
    assert answer is not None
    assert (len(answer.data), answer.whole) == (1000, False)


@pytest.mark.parametrize(
    "text", ["sleep 60", "sleep 60 & wait", "exec >&-; sleep 60", "trap '' TERM; sleep 60"]
)
def test_a_program_that_takes_too_long_is_ended_with_what_it_started(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    intervals: list[float] = []

    class Timer(threading.Timer):
        """A timer whose time is over as soon as the program has begun."""

        def run(self) -> None:
            intervals.append(self.interval)
            until(lambda: pid.exists() and pid.read_text().endswith("\n"))
            self.function(*self.args)

    monkeypatch.setattr(threading, "Timer", Timer)
    assert Commands().output(_sh(f"echo $$ > {pid}; {text}"), timeout=3) is None
    assert intervals == [3]
    assert has_ended(int(pid.read_text()))


def test_cancelling_ends_the_program_and_allows_no_other(tmp_path: Path) -> None:
    commands = Commands()
    answers: list[object] = []
    asking = threading.Thread(
        target=lambda: answers.append(commands.output(_sh(f"touch {tmp_path}/begun; sleep 60"), timeout=60))
    )
    asking.start()
    until((tmp_path / "begun").exists)
    commands.cancel()
    asking.join(30)
    assert answers == [None]
    assert commands.output(_sh("echo more"), timeout=60) is None


def test_the_keyboard_interrupt_of_the_training_does_not_reach_it() -> None:
    code = "import os; print(os.getpgid(0) == os.getpid(), os.isatty(0))"
    answer = Commands().output([sys.executable, "-c", code], timeout=60)
    assert answer is not None and answer.text == "True False"
