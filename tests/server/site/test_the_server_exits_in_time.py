from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from runicorn.settings.user import running_viewers
from tests.processes import Viewer
from tests.server.site.conftest import OddViewer
from tests.server.site.test_slow_clients_and_hosts_delay_no_other_request import open_and_stall
from tests.waiting import until

LIMIT = 25.0
"""What would hold it up takes a minute or for ever; how fast it is says `benchmarks/serve.py`."""


def seconds_to_end(viewer: Viewer, number: int = signal.SIGTERM) -> float:
    """How long the process takes to end after a signal, with status 0."""
    began = time.monotonic()
    viewer.process.send_signal(number)
    assert viewer.process.wait(60) == 0
    return time.monotonic() - began


@pytest.fixture
def busy(folder: Path, home: Path) -> OddViewer:
    """A viewer that can be kept busy."""
    viewer = OddViewer(folder, home, RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()
    viewer.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_exits_at_once(
    start_viewer: Callable[..., Viewer], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = start_viewer()
    assert [note["url"] for note in running_viewers()] == [viewer.url]
    assert seconds_to_end(viewer, number) < LIMIT
    assert running_viewers() == []


def test_a_server_under_load_exits_in_time(busy: OddViewer) -> None:
    def load() -> None:
        with requests.Session() as session:
            try:
                while True:
                    session.get(busy.url + "/api/long", timeout=5)
            except requests.RequestException:
                return

    loads = [threading.Thread(target=load) for _ in range(8)]
    hangs = [threading.Thread(target=hang, args=(busy,)) for _ in range(5)]
    for thread in (*loads, *hangs):
        thread.start()
    with ExitStack() as stalled:
        for path in ("/download/10000", "/sync-stream/100000000"):
            for _ in range(5):
                stalled.enter_context(open_and_stall(busy, path))
        half_sent = stalled.enter_context(socket.create_connection(("127.0.0.1", busy.port)))
        half_sent.sendall(b"POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nxx")
        until(lambda: busy.get("/api/long").ok)
        assert seconds_to_end(busy) < LIMIT
    for thread in (*loads, *hangs):
        thread.join(10)


def hang(viewer: Viewer) -> None:
    """Ask for what does not come."""
    try:
        viewer.get("/hang")
    except requests.RequestException:
        return


@pytest.mark.parametrize("way", ["hangs", "fails"])
def test_a_hanging_shutdown_step_leaves_no_file(busy: OddViewer, home: Path, way: str) -> None:
    assert busy.get(f"/spoil-the-end/{way}").ok
    assert running_viewers() != []
    assert seconds_to_end(busy) < LIMIT
    assert running_viewers() == [] and not list((home / "data" / "viewers").glob("*.json"))
    assert ("the end of the connections failed" in busy.output) == (way == "fails")


def test_clients_that_go_away_leave_no_thread_behind(busy: OddViewer) -> None:
    import psutil

    process = psutil.Process(busy.process.pid)
    for _ in range(300):
        with socket.create_connection(("127.0.0.1", busy.port)) as client:
            client.sendall(b"GET /api/long HTTP/1.1\r\nHost: localhost\r\n\r\n")
    until(lambda: busy.get("/api/long").ok)
    until(lambda: process.num_threads() < 40)
    assert seconds_to_end(busy) < LIMIT
