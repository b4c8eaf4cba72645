from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psutil
import pytest
import requests

from tests.processes import Viewer
from tests.waiting import until

MANY = 10


def quickest(viewer: Viewer, path: str = "/api/long") -> float:
    """Seconds of the quickest of twenty answers: what the server can do, whatever else this machine does."""
    times = []
    with requests.Session() as session:
        for _ in range(20):
            began = time.perf_counter()
            assert session.get(viewer.url + path, timeout=60).status_code == 200
            times.append(time.perf_counter() - began)
    return min(times)


def open_and_stall(viewer: Viewer, path: str) -> socket.socket:
    """A client that asks for a lot and reads nothing."""
    connection = socket.create_connection(("127.0.0.1", viewer.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def test_ten_hanging_views_do_not_delay_an_answer(odd: Viewer) -> None:
    with ThreadPoolExecutor(MANY) as clients:
        waiting = [clients.submit(odd.get, "/hang") for _ in range(MANY)]
        assert quickest(odd) < 1
        assert not any(client.done() for client in waiting)
        odd.get("/release")
        assert {client.result().text for client in waiting} == {"released"}


def test_ten_slow_downloads_do_not_delay_an_answer(odd: Viewer) -> None:
    with ExitStack() as stalled:
        for path in ("/download/10000", "/sync-stream/100000000"):
            for _ in range(MANY):
                stalled.enter_context(open_and_stall(odd, path))
        # Until the buffers between server and clients are full the downloads are quick ones.
        until(lambda: quickest(odd) < 1)


def test_a_download_is_produced_only_as_fast_as_it_is_read(odd: Viewer) -> None:
    process = psutil.Process(odd.process.pid)
    assert odd.get("/download/16").status_code == 200
    before = process.memory_info().rss
    with ExitStack() as stalled:
        for path in ("/download/10000", "/sync-stream/100000000"):
            stalled.enter_context(open_and_stall(odd, path))
        for _ in range(20):
            quickest(odd)
        assert process.memory_info().rss - before < 40e6


def test_both_kinds_of_streams_arrive_whole_in_constant_memory(odd: Viewer) -> None:
    process = psutil.Process(odd.process.pid)
    before = process.memory_info().rss
    for path, size in (("/download/2000", 2000 * 65536), ("/sync-stream/2000000", 2_000_000 * 10)):
        with requests.get(odd.url + path, stream=True, timeout=60) as answer:
            assert sum(len(chunk) for chunk in answer.iter_content(65536)) == size
    assert process.memory_info().rss - before < 40e6


def test_a_client_that_leaves_ends_its_stream(odd: Viewer) -> None:
    def streams() -> int:
        return int(odd.get("/open-streams").text)

    until(lambda: streams() == 0)
    stalled = [open_and_stall(odd, "/sync-stream/100000000") for _ in range(5)]
    until(lambda: streams() == 5)
    for connection in stalled:
        connection.close()
    until(lambda: streams() == 0)


def test_a_stream_that_fails_is_cut_short_and_logged(odd: Viewer) -> None:
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        odd.get("/broken-stream", headers={"Accept-Encoding": "identity"})
    until(lambda: "RuntimeError: secret" in odd.output)
