"""`log_text` appends to `logs.txt`, each text with the local time before it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest

import runicorn as rn
from tests.sdk.tracking.scripts import Recorded


@pytest.fixture
def run(begin: Callable[..., rn.Run]) -> rn.Run:
    return begin()


def test_a_text_has_the_time_before_it(run: rn.Run) -> None:
    run.log_text("epoch 1 — fertig ✓")
    run.log_text(3.5)
    lines = Recorded(run.run_dir).log().split("\n")
    assert [re.sub(r"^\d\d:\d\d:\d\d \| ", "", line) for line in lines] == ["epoch 1 — fertig ✓", "3.5", ""]
    assert all(re.match(r"\d\d:\d\d:\d\d \| ", line) for line in lines[:2])


def test_only_the_first_line_of_a_text_has_the_time(run: rn.Run) -> None:
    run.log_text("Traceback\n  File x\nError\n")
    assert Recorded(run.run_dir).log()[8:] == " | Traceback\n  File x\nError\n"


def test_text_that_is_no_unicode_is_kept_with_marks(run: rn.Run) -> None:
    run.log_text("a\udc80b")
    assert Recorded(run.run_dir).log().endswith(" | a?b\n")


def test_a_torn_line_costs_only_itself(begin: Callable[..., rn.Run], run: rn.Run) -> None:
    run.log_text("whole")
    run.finish()
    with (run.run_dir / "logs.txt").open("ab") as file:
        file.write(b"12:00:00 | to")
    begin(run_id=run.id, resume=True).log_text("next")
    lines = Recorded(run.run_dir).log().split("\n")
    assert [line[11:] for line in lines] == ["whole", "to", "next", ""]


def test_threads_never_mix_their_lines(run: rn.Run) -> None:
    def write(who: int) -> None:
        for count in range(200):
            run.log_text(f"{who}-{count}-" + "x" * (count * 7))

    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = Recorded(run.run_dir).log().split("\n")[:-1]
    assert len(lines) == 800
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d \| \d-(\d+)-x*", line) for line in lines)
    assert all(len(line.rsplit("-", 1)[1]) == 7 * int(line.split("-")[1]) for line in lines)
