from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from runicorn._version import __version__
from runicorn.farside import BEAT, END, IMPLEMENTATION, OPEN, Order, proof, stamped
from tests.folders import write_run
from tests.processes import free_port
from tests.remote.farsides import TOKEN, FarSide, written
from tests.waiting import until

Start = Callable[..., FarSide]


@pytest.fixture
def start(folder: Path, home: Path) -> Iterator[Start]:
    """Starts far sides over `folder` and ends them with the test."""
    started: list[FarSide] = []

    def begin(*options: str, root: Path = folder, session: str = "s", **more: object) -> FarSide:
        fields = {"patience": 60.0, **more}
        started.append(FarSide(Order(session, TOKEN, str(root), **fields), home, *options))  # type: ignore[arg-type]
        return started[-1]

    yield begin
    for side in started:
        side.stop()


def litter(home: Path) -> list[Path]:
    """Files that stand for a process that serves."""
    return [
        *(home / "data" / "viewers").glob("*"),
        *(home / "data" / "sessions").glob("*"),
        *home.glob("*.log"),
    ]


def test_it_reports_where_it_is_and_serves_whoever_has_the_token(start: Start, folder: Path) -> None:
    run = write_run(folder)
    side = start()
    report = side.report
    assert (report.implementation, report.version, report.root) == (IMPLEMENTATION, __version__, str(folder))
    assert report.pid == side.process.pid
    assert [item["id"] for item in side.get("/api/runs").json()] == [run]
    assert requests.get(side.url + "/api/runs", timeout=10).status_code == 401
    listening = {
        c.laddr.ip for c in psutil.Process(report.pid).net_connections("tcp") if c.status == "LISTEN"
    }
    assert listening == {"127.0.0.1"}


def test_the_token_is_in_no_command_line_environment_or_output(start: Start, home: Path) -> None:
    side = start()
    process = psutil.Process(side.process.pid)
    assert TOKEN not in " ".join(process.cmdline()) + str(process.environ()) + side.first
    side.ask(END)
    side.process.wait(10)
    assert TOKEN not in side.complaint
    assert not [path for path in home.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


def test_it_ends_by_itself_when_nobody_asks_for_it(start: Start, home: Path) -> None:
    side = start(patience=0.5)
    side.hang_up()
    assert side.process.wait(20) == 0
    assert litter(home) == []


def test_heartbeats_keep_it_when_its_connection_is_gone(start: Start, home: Path) -> None:
    side = start(patience=2.0)
    first, alive = side.report, psutil.Process(side.process.pid)
    side.hang_up()
    beats = [until(lambda: side.ask().ok, pause=0.3) and alive.is_running() for _ in range(2)]
    until(lambda: side.ask().json()["time"] > first.time + 3, pause=0.3)  # longer than its patience
    assert beats == [True, True]
    assert side.get("/").status_code == 200
    side.ask(END)
    assert side.process.wait(10) == 0
    assert litter(home) == []


def test_it_ends_at_once_when_told_to(start: Start, home: Path) -> None:
    side = start()
    assert side.ask(END).json()["pid"] == side.process.pid
    assert side.process.wait(4) == 0
    assert litter(home) == []


def test_only_who_knows_the_token_keeps_or_ends_it(start: Start) -> None:
    side = start()
    for purpose in (BEAT, END):
        assert side.ask(purpose, token="wrong").status_code == 401
        assert side.ask(purpose, stamp=stamped(TOKEN, OPEN, time.time())).status_code == 401
    assert requests.post(side.url + "/remote-session", timeout=10).status_code == 401
    assert side.process.poll() is None


def test_an_answer_proves_who_gives_it_and_a_stamp_is_good_once(start: Start) -> None:
    side = start()
    stamp = stamped(TOKEN, BEAT, time.time())
    assert side.ask(stamp=stamp).json()["proof"] == proof(TOKEN, stamp)
    assert side.ask(stamp=stamp).status_code == 401


def test_the_end_of_its_terminal_is_not_its_end(start: Start) -> None:
    side = start()
    side.process.send_signal(signal.SIGHUP)
    assert side.ask().ok


def test_a_later_one_of_the_same_session_takes_its_place(start: Start, folder: Path, tmp_path: Path) -> None:
    port = free_port()
    first, other = start(port=port), start(session="another")
    second = start(port=port)
    assert (first.process.wait(10), second.report.port) == (0, port)
    assert other.ask().ok and second.ask().ok
    (tmp_path / "elsewhere").mkdir()
    third = start(root=tmp_path / "elsewhere")
    assert third.ask().ok and second.ask().ok


def test_words_of_killed_ones_are_cleared_by_the_next(start: Start, home: Path) -> None:
    start(session="killed").stop()
    (left,) = (home / "data" / "sessions").glob("*")
    start()
    assert not left.exists()


def test_a_link_made_with_the_token_opens_once(start: Start) -> None:
    side = start()
    now = side.ask().json()["time"]
    link = side.url + "/?once=" + stamped(TOKEN, OPEN, now)
    assert requests.get(link, timeout=10, allow_redirects=False).status_code == 303
    assert requests.get(link, timeout=10, allow_redirects=False).status_code == 401
    for made in (
        stamped(TOKEN, OPEN, now - 301),
        stamped("another token", OPEN, now),
        stamped(TOKEN, BEAT, now),
        "x",
        ".",
        "1.2",
    ):
        old = requests.get(side.url + "/", params={"once": made}, timeout=10, allow_redirects=False)
        assert old.status_code == 401
        assert "from the remote page of the viewer that started it" in old.text


def test_a_home_that_cannot_keep_a_database_is_no_hindrance(folder: Path, home: Path) -> None:
    """The usual place is a file: the database lies in /var/tmp then, on a disk of this machine."""
    home.mkdir()
    (home / "data").write_text("")
    side = FarSide(Order("s", TOKEN, str(folder)), home)
    try:
        open_files = {file.path for file in psutil.Process(side.report.pid).open_files()}
        assert any(path.startswith(f"/var/tmp/runicorn-{os.getuid()}/") for path in open_files)
    finally:
        side.stop()


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ("", "no JSON"),
        ("not json\n", "no JSON"),
        ("[]\n", "no JSON object"),
        (written(session="s"), "session and token are missing"),
        (written(session="s", token=3), "token is of the wrong type"),
        (written(session="s", token="t", port=70000), "makes no sense"),
    ],
)
def test_without_an_order_it_serves_nobody(order: str, sentence: str, home: Path) -> None:
    side = FarSide(order or "\n", home)
    assert side.process.wait(20) == 2
    said = side.complaint
    side.stop()
    assert said.startswith("runicorn: --remote-mode takes an order on standard input") and sentence in said


def test_what_hinders_it_is_one_sentence(start: Start, folder: Path, home: Path) -> None:
    side = start(root=folder / "missing")
    assert side.process.wait(20) == 4
    assert side.complaint == f"runicorn: There is no folder {folder / 'missing'}\n"
    taken = start()
    side = start(session="another", port=taken.report.port)
    assert side.process.wait(20) == 4
    assert "Address already in use" in side.complaint
    assert len(litter(home)) == 1
