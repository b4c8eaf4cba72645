from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from runicorn_site.server.limits import raise_descriptor_limit
from tests.processes import Viewer
from tests.waiting import until

IMPATIENT = """
import sys
from runicorn_site.transport import connections
connections.HEAD_SECONDS = 1.0
from runicorn_tools.cli import main
sys.argv[0] = "runicorn"
sys.argv.insert(1, "viewer")
main()
"""


class ImpatientViewer(Viewer):
    """A viewer that waits one second for the head of a request."""

    program = ("-c", IMPATIENT)


@pytest.fixture
def impatient(folder: Path, home: Path) -> Iterator[Viewer]:
    """An impatient viewer."""
    viewer = ImpatientViewer(folder, home)
    yield viewer.wait_until_it_answers()
    viewer.stop()


def read_to_end(connection: socket.socket) -> bytes:
    """Return the bytes that the server sends until it closes."""
    connection.settimeout(30)
    content = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            content += part
    return content


def test_a_head_that_does_not_arrive_in_time_is_answered_408(impatient: Viewer) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port)) as connection:
        connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-A: ")
        assert read_to_end(connection).startswith(b"HTTP/1.1 408 ")


def test_the_deadline_holds_for_the_second_request_of_a_connection(impatient: Viewer) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port)) as connection:
        connection.sendall(b"GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        connection.sendall(b"GET /api/health HTTP/1.1\r\n")
        assert b"HTTP/1.1 408 " in read_to_end(connection)


def test_a_body_may_take_longer_than_a_head(impatient: Viewer) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port)) as connection:
        connection.sendall(
            b"POST /api/status/check HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{"
        )
        with socket.create_connection(("127.0.0.1", impatient.port)) as other:  # a deadline passes
            assert read_to_end(other).startswith(b"HTTP/1.1 408 ")
        connection.sendall(b"}")
        assert read_to_end(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of descriptors")
def test_a_thousand_slow_connections_lock_out_no_client(viewer: Viewer) -> None:
    raise_descriptor_limit()
    with contextlib.ExitStack() as dribbling:
        for number in range(1000):
            connection = dribbling.enter_context(socket.create_connection(("127.0.0.1", viewer.port)))
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"GET /%d" % number)
        for _ in range(20):
            assert requests.get(f"{viewer.url}/api/health", timeout=60).status_code == 200
        import psutil

        process = psutil.Process(viewer.process.pid)
        until(lambda: len(process.net_connections(kind="tcp")) <= 510)


def test_the_soft_limit_of_descriptors_is_raised(viewer: Viewer) -> None:
    import resource

    soft, hard = resource.prlimit(viewer.process.pid, resource.RLIMIT_NOFILE)
    assert soft == min(hard, 65_536) or hard == resource.RLIM_INFINITY
