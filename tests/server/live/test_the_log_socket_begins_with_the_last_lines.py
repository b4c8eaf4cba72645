from __future__ import annotations

import json

import pytest

from tests.server.live.files import numbered
from tests.server.live.sockets import close_code, lines


def test_the_log_socket_sends_the_last_ten_thousand_lines(new_run) -> None:
    run = new_run(logs=numbered(12_000))
    with run.open_log() as client:
        assert lines(client, 10_000) == numbered(10_000, 2_000).splitlines()
        run.write_log("next\n")
        assert lines(client, 1) == ["next"]


@pytest.mark.parametrize(("query", "count"), [("?tail=3", 3), ("?tail=0", 0), ("?tail=100000", 12)])
def test_the_log_socket_sends_the_requested_number_of_lines(new_run, query: str, count: int) -> None:
    run = new_run(logs=numbered(12))
    with run.open_log(query) as client:
        first = lines(client, count)
        run.write_log("next\n")
        assert [*first, *lines(client, 1)] == [*numbered(count, 12 - count).splitlines(), "next"]


@pytest.mark.parametrize("query", ["?tail=", "?from=", "?tail=&from=&frames=", "?", "?tail=&tail="])
def test_a_parameter_without_a_value_is_ignored(new_run, query: str) -> None:
    run = new_run(logs=numbered(12))
    with run.open_log(query) as client:
        assert lines(client, 12) == numbered(12).splitlines()


def test_the_log_socket_omits_blank_lines_and_keeps_the_others(new_run) -> None:
    run = new_run(logs="")
    run.write_log(b"\n  indented \n\n \t\ncaf\xe9\n\xf0\x9f\xa6\x84 done\n")
    with run.open_log() as client:
        assert lines(client, 3) == ["  indented ", "caf\ufffd", "🦄 done"]


def test_a_line_of_a_megabyte_is_one_frame(new_run) -> None:
    run = new_run(logs="before\n" + "x" * 2**20 + "\nafter\n")
    with run.open_log() as client:
        assert lines(client, 3) == ["before", "x" * 2**20, "after"]


def test_json_frames_have_the_end_of_each_line(new_run) -> None:
    run = new_run(logs="one\n\ntwö\n")
    with run.open_log("?frames=json") as client:
        assert [json.loads(line) for line in lines(client, 2)] == [
            {"line": "one", "end": 4},
            {"line": "twö", "end": 10},
        ]


def test_the_log_socket_continues_at_an_earlier_end(new_run) -> None:
    run = new_run(logs=numbered(500))
    with run.open_log("?frames=json") as client:
        frames = [json.loads(line) for line in lines(client, 300)]
    run.write_log(numbered(500, 500))
    with run.open_log(f"?frames=json&from={frames[-1]['end']}") as client:
        frames += [json.loads(line) for line in lines(client, 700)]
    assert [frame["line"] for frame in frames] == numbered(1000).splitlines()


def test_an_offset_beyond_the_log_restarts_at_its_beginning(new_run) -> None:
    run = new_run(logs="one\ntwo\n")
    with run.open_log("?from=5000") as client:
        assert lines(client, 2) == ["one", "two"]


@pytest.mark.parametrize("query", ["?tail=-1", "?tail=many", "?tail=100001", "?from=-5", "?from=0x10"])
def test_an_invalid_parameter_closes_the_socket(new_run, query: str) -> None:
    with new_run(logs="one\n").open_log(query) as client:
        assert close_code(client) == 4400
