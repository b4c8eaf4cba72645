from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing

from tests.processes import Viewer
from tests.server.live.files import numbered
from tests.server.live.sockets import frames, open_socket


def test_the_live_socket_sends_the_last_thousand_lines_and_then_new_ones(new_run) -> None:
    run = new_run(logs=numbered(3000))
    with run.open_live() as client:
        first: list[str] = []
        while len(first) < 1000:
            frame = frames(client, "log")
            first += frame["lines"]
        assert first == numbered(1000, 2000).splitlines()
        end = run.log.stat().st_size
        assert (frame["first"] + len(frame["lines"]), frame["end"]) == (3001, end)
        run.write_log("next\n\n")
        place = {"first": 3001, "start": end, "end": end + 6}
        assert frames(client, "log") == {"type": "log", "lines": ["next", ""], "long": [], **place}


def test_the_live_socket_continues_at_the_offset_of_the_page(new_run) -> None:
    run = new_run(logs="one\ntwo\nthree\n")
    for lines_known in ({}, {"log_lines": 2}):
        with run.open_live(log=8, **lines_known) as client:
            frame = frames(client, "log")
            assert (frame["first"], frame["lines"]) == (3, ["three"])


def test_a_parameter_without_a_value_is_ignored(new_run) -> None:
    run = new_run(logs="one\ntwo\nthree\n")
    path = f"/runs/{run.id}/live?end=&row=&generation=&log=&log_lines="
    with open_socket(run.server, path) as client:
        assert frames(client, "log")["lines"] == ["one", "two", "three"]


def test_a_restarted_log_is_reported(new_run) -> None:
    run = new_run(logs="one\ntwo\n")
    with run.open_live() as client:
        assert frames(client, "log")["lines"] == ["one", "two"]
        os.truncate(run.log, 0)
        assert frames(client, "log") == {
            "type": "log",
            "replaced": True,
            "first": 1,
            "start": 0,
            "end": 0,
            "lines": [],
            "long": [],
        }
        run.write_log("three\n")
        frame = frames(client, "log")
        assert (frame["first"], frame["lines"]) == (1, ["three"])


def test_the_live_socket_sends_the_state_at_once_and_after_changes(new_run) -> None:
    run = new_run(status="running", logs="")
    with run.open_live() as client:
        assert frames(client, "status")["run"]["status"] == "running"
        (run.folder / "status.json").write_text(json.dumps({"status": "finished", "ended_at": 5.0}))
        while (state := frames(client, "status")["run"])["status"] != "finished":
            pass
        assert state["run_id"] == run.id


def test_the_live_socket_sends_a_state_that_the_server_judges(new_run, server: Viewer) -> None:
    """The timer of the server changes the row of a stalled or lost run, and no file."""
    run = new_run(status="running", logs="", hostname="elsewhere")
    (database,) = (server.root.parent / "home").rglob("runicorn*.sqlite3")
    with run.open_live() as client:
        assert frames(client, "status")["run"]["state"] == "running"
        with closing(sqlite3.connect(database, timeout=30)) as rows, rows:
            lost = "UPDATE runs_run SET state = 'lost', state_reason = 'No heartbeat' WHERE run_id = ?"
            rows.execute(lost, (run.id,))
        while (state := frames(client, "status")["run"])["state"] != "lost":
            pass
        assert (state["status"], state["state_reason"]) == ("running", "No heartbeat")


def test_the_best_value_moves_while_the_run_writes(new_run) -> None:
    summary = {"best_metric_name": "acc", "best_metric_mode": "max"}
    run = new_run(status="running", summary=summary, metrics=[{"acc": 0.5}])
    with run.open_live() as client:
        run.write_points(2, acc=0.75)
        while frames(client, "status")["run"]["best_metric_value"] != 0.75:
            pass
