from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from runs.errors import SearchTooLong
from runs.live import log_pattern, pattern_process
from tests.answers import read
from tests.folders import folder_of
from tests.processes import command_of
from tests.waiting import until

LOG = "".join(f"12:00:{number:02d} | step {number}\n" for number in range(60))


@pytest.fixture
def address(store: Path, make_run: Any) -> str:
    """Where the log of a run is served."""
    return f"/api/runs/{make_run(store, logs=LOG)}/logs"


def text(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def test_the_log_is_served_as_it_was_written(address: str, api: Any) -> None:
    answer = api.get(address)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Length"] == str(len(LOG))
    assert text(answer) == LOG


@pytest.mark.parametrize("accept", ["text/plain", "*/*", "text/html", "application/json", "image/png"])
def test_the_log_is_served_whatever_the_client_accepts(address: str, api: Any, accept: str) -> None:
    assert text(api.get(address, headers={"Accept": accept})) == LOG


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=10-", 10, len(LOG) - 1),
        ("bytes=-5", len(LOG) - 5, len(LOG) - 1),
        ("bytes=0-99999999", 0, len(LOG) - 1),
        ("bytes=-99999999", 0, len(LOG) - 1),
    ],
)
def test_a_range_is_served(address: str, api: Any, header: str, first: int, last: int) -> None:
    answer = api.get(address, headers={"Range": header})
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {first}-{last}/{len(LOG)}"
    assert text(answer) == LOG[first : last + 1]


@pytest.mark.parametrize("header", ["bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_416(address: str, api: Any, header: str) -> None:
    answer = api.get(address, headers={"Range": header})
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{len(LOG)}")


@pytest.mark.parametrize("header", ["bytes=5-2", "lines=1-2", "bytes=0-1,5-6", "bytes=-", "bytes=a-b"])
def test_an_invalid_range_is_ignored(address: str, api: Any, header: str) -> None:
    answer = api.get(address, headers={"Range": header})
    assert (answer.status_code, text(answer)) == (200, LOG)


@pytest.mark.parametrize(("tail", "lines"), [(0, 0), (1, 1), (7, 7), (1000, 60)])
def test_the_last_lines_can_be_requested(address: str, api: Any, tail: int, lines: int) -> None:
    assert text(api.get(f"{address}?tail={tail}")) == "".join(LOG.splitlines(True)[60 - lines :])


def test_later_bytes_can_be_requested(store: Path, make_run: Any, api: Any) -> None:
    run_id = make_run(store, logs="one\n")
    size = api.get(f"/api/runs/{run_id}/logs")["X-File-Size"]
    with (folder_of(store, run_id) / "logs.txt").open("a") as log:
        log.write("two\n")
    assert text(api.get(f"/api/runs/{run_id}/logs?offset={size}")) == "two\n"
    assert text(api.get(f"/api/runs/{run_id}/logs?offset=999")) == ""


def test_lines_are_found_in_any_case(store: Path, make_run: Any, api: Any) -> None:
    run_id = make_run(store, logs="one\nWARNUNG: Größe\n\nthree\nwarnung: GRÖSSE\nwarn")
    answer = read(api.get(f"/api/runs/{run_id}/logs?search=größe"))
    assert answer == {
        "matches": [{"line": 2, "text": "WARNUNG: Größe"}, {"line": 5, "text": "warnung: GRÖSSE"}],
        "total": 2,
        "truncated": False,
    }


def test_the_last_line_of_an_ended_run_is_found_without_its_newline(
    store: Path, make_run: Any, api: Any
) -> None:
    ended, running = (make_run(store, status=status, logs="one\nlast") for status in ("failed", "running"))
    assert text(api.get(f"/api/runs/{ended}/logs?tail=1")) == "last"
    assert read(api.get(f"/api/runs/{ended}/logs?search=last"))["matches"] == [{"line": 2, "text": "last"}]
    assert read(api.get(f"/api/runs/{running}/logs?search=last"))["matches"] == []


def test_lines_are_found_by_a_regular_expression(store: Path, make_run: Any, api: Any) -> None:
    log = "step 1\n\x1b[31mLoss\x1b[0m = NaN\nstep 10 /tmp\nloss = 2"
    run_id = make_run(store, logs=log, status="finished")
    query = {"search": r"^loss\s*=\s*(nan|\d)|0 /", "regex": "true"}
    answer = read(api.get(f"/api/runs/{run_id}/logs", query))
    assert [match["line"] for match in answer["matches"]] == [2, 3, 4]
    numbers = api.get(f"/runs/{run_id}/log", query).json()
    assert numbers == {"numbers": [2, 3, 4], "total": 3}
    assert read(api.get(f"/api/runs/{run_id}/logs?search=^loss"))["matches"] == []


def test_a_malformed_regular_expression_is_explained(address: str, api: Any) -> None:
    answer = api.get(address, {"search": "lo(ss", "regex": "true"})
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        "Invalid regular expression: missing ), unterminated subpattern at position 3."
    )


def test_a_regular_expression_that_would_never_end_is_stopped(
    store: Path, make_run: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_pattern, "SECONDS", 0.3)
    address = f"/api/runs/{make_run(store, logs=LOG + 'a' * 60 + chr(10))}/logs"
    answer = api.get(address, {"search": "(a+)+b", "regex": "true"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("This regular expression takes too long on this log.")
    children = psutil.Process().children(recursive=True)
    assert [child for child in children if pattern_process.__name__ in command_of(child)] == []


def test_a_sender_searches_one_log_with_a_regular_expression_at_a_time(
    address: str, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = {"search": "lo.s", "regex": "true"}
    with log_pattern.turn("192.0.2.1"):
        assert api.get(address, query, REMOTE_ADDR="192.0.2.2").status_code == 200
        monkeypatch.setattr(log_pattern, "SECONDS", 0.1)
        waiting = api.get(address, query, REMOTE_ADDR="192.0.2.1")
        assert (waiting.status_code, waiting.json()["detail"][:41]) == (
            400,
            "This regular expression takes too long on",
        )
    monkeypatch.undo()
    assert api.get(address, query, REMOTE_ADDR="192.0.2.1").status_code == 200


def test_searches_that_wait_occupy_few_threads() -> None:
    """The newest search of a sender takes the place of the one that waits, and few senders wait."""
    ends: dict[str, type[Exception] | None] = {}

    def search(name: str, sender: str) -> threading.Thread:
        def run() -> None:
            try:
                with log_pattern.turn(sender):
                    ends[name] = None
            except SearchTooLong:
                ends[name] = SearchTooLong

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    with log_pattern.turn("ann"):
        first = search("first", "ann")
        until(lambda: "ann" in log_pattern._waiting)
        second = search("second", "ann")
        first.join(60)
        assert ends == {"first": SearchTooLong}
        with log_pattern.turn("ben"):
            others = [search(f"other {n}", f"other {n}") for n in range(log_pattern.MOST_WAITING - 1)]
            until(lambda: len(log_pattern._waiting) == log_pattern.MOST_WAITING)
            with pytest.raises(SearchTooLong), log_pattern.turn("late"):
                pass
    for thread in (second, *others):
        thread.join(30)
    assert [end for name, end in ends.items() if name != "first"] == [None] * log_pattern.MOST_WAITING


def test_a_run_without_a_log_says_so(store: Path, make_run: Any, api: Any) -> None:
    run_id = make_run(store)
    answer = api.get(f"/api/runs/{run_id}/logs")
    assert (answer.status_code, answer.json()) == (404, {"detail": f"Run {run_id} has no log"})


@pytest.mark.parametrize("query", ["tail=-1", "tail=x", "offset=-1"])
def test_bad_input_is_named(address: str, api: Any, query: str) -> None:
    answer = api.get(f"{address}?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["detail"]


def test_an_empty_log_is_empty(store: Path, make_run: Any, api: Any) -> None:
    answer = api.get(f"/api/runs/{make_run(store, logs='')}/logs")
    assert (answer.status_code, text(answer), answer["Content-Length"]) == (200, "", "0")
