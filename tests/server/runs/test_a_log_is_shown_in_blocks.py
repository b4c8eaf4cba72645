"""Parts of a log with the numbers of their lines: around a line, before and after a byte, and where a text is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runicorn_site.web.files import OpenFile
from runs.live import log_blocks
from tests.answers import read

Ask = Callable[..., Any]
LINES = [f"line {n}" for n in range(1, 2001)]


@pytest.fixture
def ask(store: Path, make_run: Any, api: Any) -> Ask:
    """`ask(log, around=7)`: what the page is answered."""

    def go(log: str, status: int = 200, run: str = "finished", **query: Any) -> Any:
        answer = api.get(f"/runs/{make_run(store, status=run, logs=log)}/log", query)
        assert answer.status_code == status, answer.content
        return read(answer) if status == 200 else answer.json()

    return go


def text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def test_the_lines_around_one_are_numbered(ask: Ask) -> None:
    before, after = ask(text(LINES), around=1200)["blocks"]
    assert (before["first"], before["lines"]) == (700, LINES[699:1199])
    assert (after["first"], after["lines"]) == (1200, LINES[1199:1699])
    assert before["end"] == after["start"] == len(text(LINES[:1199]))


@pytest.mark.parametrize(("number", "first"), [(1, 1), (2000, 2000), (2001, 2001), (10**12, 2001)])
def test_a_line_beyond_the_last_is_the_end(ask: Ask, number: int, first: int) -> None:
    before, after = ask(text(LINES), around=number)["blocks"]
    assert after["first"] == before["first"] + len(before["lines"]) == first


def test_blocks_continue_at_their_offsets(ask: Ask) -> None:
    log = text(LINES)
    lines: list[str] = []
    end, first = len(log), 2001
    while end:
        (block,) = ask(log, before=end, first=first)["blocks"]
        end, first, lines = block["start"], block["first"], block["lines"] + lines
    assert (lines, first) == (LINES, 1)
    (block,) = ask(log, after=len(text(LINES[:1800])), first=1801)["blocks"]
    assert (block["first"], block["lines"], block["end"]) == (1801, LINES[1800:], len(log))


def test_an_unfinished_line_of_a_running_run_waits_and_blank_lines_count(ask: Ask) -> None:
    before, after = ask("one\n\n\ntwo\nhal", run="running", around=2)["blocks"]
    assert before["lines"] == ["one"]
    assert after["lines"] == ["", "", "two"]
    assert ask("hal", run="running", around=1)["blocks"][1]["lines"] == []


def test_the_last_line_of_an_ended_run_needs_no_newline(ask: Ask) -> None:
    _, after = ask("one\ntwo\nlast", around=2)["blocks"]
    assert (after["lines"], after["end"]) == (["two", "last"], len("one\ntwo\nlast"))
    assert ask("only", around=1)["blocks"][1]["lines"] == ["only"]
    assert ask("one\nlast", search="last") == {"numbers": [2], "total": 1}
    assert ask("one\nlast", run="running", search="last") == {"numbers": [], "total": 0}


def test_a_megabyte_in_a_line_is_cut_and_found_again(ask: Ask) -> None:
    log = f"a\n{'é' * 500_000}\nb\n"
    (after,) = ask(log, after=0)["blocks"]
    assert [len(line) for line in after["lines"]] == [1]
    before, after = ask(log, around=3)["blocks"]
    assert before["lines"] == ["a", "é" * log_blocks.LONGEST]
    assert before["long"] == [[1, 2, 1_000_002]]
    assert after["lines"] == ["b"]


def test_only_the_last_state_of_a_redrawn_line_is_kept(ask: Ask) -> None:
    bar = "\r".join(f"{n}%|{'#' * 50}|" for n in range(101))
    (block,) = ask(f"{bar}\r\n", after=0)["blocks"]
    assert (block["lines"], block["long"]) == (["100%|" + "#" * 50 + "|"], [])


def test_matches_are_numbered_in_any_case_and_across_colours(ask: Ask) -> None:
    matches = ask("start\n\n\x1b[32mEpoch\x1b[0m 3\nepoch 4\nepoch", search="epoch ")
    assert matches == {"numbers": [3, 4], "total": 2}
    assert ask(text(LINES), search="nothing like it") == {"numbers": [], "total": 0}
    assert ask("x\n" * 10_500, search="x")["total"] == 10_500


@pytest.mark.parametrize(
    "query",
    [{}, {"around": 0}, {"around": "x"}, {"before": -1}, {"search": ""}, {"after": 1, "before": 1}],
)
def test_invalid_parameters_are_reported(ask: Ask, query: dict[str, Any]) -> None:
    assert ask("a\n", status=400, **query)["detail"]


def test_a_run_without_a_log_says_so(store: Path, make_run: Any, api: Any) -> None:
    answer = api.get(f"/runs/{make_run(store)}/log?around=1")
    assert (answer.status_code, "has no log" in answer.json()["detail"]) == (404, True)


def test_lines_are_counted_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_blocks, "SCAN", 64)
    monkeypatch.setattr(log_blocks, "READ", 64)
    (tmp_path / "log").write_text(text(LINES))
    file = OpenFile(tmp_path / "log")
    for number in (1, 2, 7, 8, 9, 1000, 2000):
        offset, first = log_blocks.start_of_line(file.fd, number)
        assert (offset, first) == (len(text(LINES[: number - 1])), number)
        assert log_blocks.lines_before(file.fd, offset) == number - 1
        assert log_blocks.after(file.fd, offset, number).lines[0] == LINES[number - 1]
