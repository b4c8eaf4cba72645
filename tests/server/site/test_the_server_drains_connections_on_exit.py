from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.processes import Viewer
from tests.server.site.conftest import OddViewer


def test_sockets_are_closed_with_going_away(
    viewer: Viewer, folder: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder)
    with connect(f"ws://127.0.0.1:{viewer.port}/runs/{run_id}/live") as live:
        live.recv(timeout=60)
        viewer.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                live.recv(timeout=60)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001
    assert viewer.process.wait(60) == 0


def test_a_download_that_has_begun_comes_to_its_end(folder: Path, home: Path) -> None:
    viewer = OddViewer(folder, home, RUNICORN_RATE_LIMIT="off")
    try:
        viewer.wait_until_it_answers()
        with requests.get(f"{viewer.url}/download/300", stream=True, timeout=30) as answer:
            parts = answer.iter_content(65536)
            received = len(next(parts))
            viewer.process.send_signal(signal.SIGTERM)
            viewer.process.poll()
            received += sum(map(len, parts))
        assert received == 300 * 65536
        assert viewer.process.wait(60) == 0
    finally:
        viewer.stop()


def test_a_second_signal_ends_the_server_at_once(folder: Path, home: Path) -> None:
    viewer = OddViewer(folder, home, RUNICORN_RATE_LIMIT="off")
    try:
        viewer.wait_until_it_answers()
        with requests.get(f"{viewer.url}/download/100000", stream=True, timeout=30) as answer:
            next(answer.iter_content(65536))
            viewer.process.send_signal(signal.SIGTERM)
            late = threading.Timer(1.5, viewer.process.send_signal, [signal.SIGTERM])
            late.start()
            assert viewer.process.wait(8) == 0
            late.join()
    finally:
        viewer.stop()
