from __future__ import annotations

import json
import os
import random
import time

import psutil

from runicorn.store.layout import write_json
from tests.server.live.files import numbered
from tests.server.live.sockets import LiveRun, lines


def test_every_line_of_many_bursts_arrives_once_and_in_order(new_run) -> None:
    run = new_run(logs="")
    random.seed(5)
    with run.open_log() as first, run.open_log() as second:
        count = 0
        while count < 20_000:
            burst = random.choice([1, 7, 300, 3000])
            run.write_log(numbered(burst, count))
            count += burst
        expected = numbered(count).splitlines()
        assert lines(first, count) == expected
        assert lines(second, count) == expected


def test_half_a_line_waits_for_its_newline(new_run) -> None:
    run = new_run(logs="whole\n")
    with run.open_log() as client:
        assert lines(client, 1) == ["whole"]
        run.write_log("half ")
        with run.open_log() as other:
            assert lines(other, 1) == ["whole"]
        run.write_log("and half\n")
        assert lines(client, 1) == ["half and half"]


def test_the_last_line_comes_without_its_newline_when_the_run_ends(new_run) -> None:
    run = new_run(logs="one\nlast")
    with run.open_log() as client, run.open_live() as live:
        assert lines(client, 1) == ["one"]
        write_json(run.folder / "status.json", {"status": "finished", "ended_at": time.time()})
        assert lines(client, 1) == ["last"]
        while (frame := json.loads(live.recv(timeout=60))).get("lines") != ["last"]:
            pass
        assert (frame["first"], frame["end"]) == (2, len("one\nlast"))
    with run.open_log("?tail=1") as client:
        assert lines(client, 1) == ["last"]


def test_a_log_created_later_is_sent_once_it_exists(new_run) -> None:
    run = new_run()
    with run.open_log() as client:
        run.write_log("first\nsecond\n")
        assert lines(client, 2) == ["first", "second"]


def test_a_truncated_log_is_sent_from_its_beginning(new_run) -> None:
    run = new_run(logs=numbered(100))
    with run.open_log() as client:
        lines(client, 100)
        os.truncate(run.log, 0)
        run.write_log("again\n")
        assert lines(client, 1) == ["again"]
        os.truncate(run.log, 0)
        run.write_log(numbered(200, 1000))  # already longer than what was read
        assert lines(client, 200) == numbered(200, 1000).splitlines()


def test_a_replaced_log_is_sent_from_its_beginning(new_run) -> None:
    run = new_run(logs="old\n")
    with run.open_log() as client:
        assert lines(client, 1) == ["old"]
        other = run.log.with_name("other")
        other.write_text("old\nnew\n")
        os.replace(other, run.log)
        assert lines(client, 2) == ["old", "new"]


def test_the_log_socket_stays_open_after_the_run_has_ended(new_run) -> None:
    run: LiveRun = new_run(status="finished", logs="last words\n")
    with run.open_log() as client:
        assert lines(client, 1) == ["last words"]
        run.write_log("resumed\n")
        assert lines(client, 1) == ["resumed"]


def test_frames_of_the_client_are_ignored_and_not_stored(new_run) -> None:
    run = new_run(logs="one\n")
    server = psutil.Process(run.server.process.pid)
    with run.open_log() as client:
        assert lines(client, 1) == ["one"]
        before = server.memory_info().rss
        client.send("hello")
        for _ in range(100):
            client.send(b"x" * 2**20)
        run.write_log("two\n")
        assert lines(client, 1) == ["two"]
        assert server.memory_info().rss - before < 16 * 2**20
