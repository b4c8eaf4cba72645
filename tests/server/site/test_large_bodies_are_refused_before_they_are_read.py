from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from runicorn_site.transport.body_limits import MAX_BODY, OPEN_BODY
from tests.processes import Viewer
from tests.server.site.wire import Answer, exchange, read_answer

JSON_HEAD = "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def assert_refused(answer: Answer) -> None:
    """A 413 as the API promises it."""
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert str(MAX_BODY) in json.loads(answer.body)["detail"]


def chunked(port: int, size: int, path: str = "/api/echo") -> Answer:
    """Send `size` bytes without saying how many there will be."""
    chunk = b"%x\r\n" % 65536 + b"x" * 65536 + b"\r\n"
    head = JSON_HEAD.replace("/api/echo", path) + "Transfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head.encode())
        with suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(size // 65536):
                connection.sendall(chunk)
            connection.sendall(b"0\r\n\r\n")
        return read_answer(connection)


def test_the_announced_length_is_enough_to_refuse(odd: Viewer) -> None:
    head = f"{JSON_HEAD}Content-Length: {MAX_BODY + 1}\r\n\r\n"
    assert_refused(exchange(odd.port, head.encode()))


def test_a_client_that_sends_all_the_same_gets_to_read_the_answer(odd: Viewer) -> None:
    head = f"{JSON_HEAD}Content-Length: {2 * MAX_BODY}\r\n\r\n"
    assert_refused(exchange(odd.port, head.encode() + b"x" * 2 * MAX_BODY))


def test_a_client_that_expects_100_continue_is_refused_before_sending(odd: Viewer) -> None:
    head = f"{JSON_HEAD}Content-Length: {MAX_BODY + 1}\r\nExpect: 100-continue\r\n\r\n"
    assert_refused(exchange(odd.port, head.encode()))


def test_a_body_of_unknown_length_is_counted(odd: Viewer) -> None:
    assert_refused(chunked(odd.port, 2 * MAX_BODY))


def test_the_largest_body_is_taken_either_way(odd: Viewer) -> None:
    head = f"{JSON_HEAD}Content-Length: {MAX_BODY}\r\nConnection: close\r\n\r\n"
    assert exchange(odd.port, head.encode() + b"x" * MAX_BODY).body == str(MAX_BODY).encode()
    assert chunked(odd.port, MAX_BODY).status == 200


def test_outside_the_api_the_refusal_is_a_page(odd: Viewer) -> None:
    answer = chunked(odd.port, 2 * MAX_BODY, "/runs")
    assert answer.status == 413
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/token", "/s/x"])
def test_senders_without_a_login_send_short_forms_only(odd: Viewer, path: str) -> None:
    assert_short_forms_only(odd.port, path)


def test_senders_without_a_login_send_short_forms_only_where_users_sign_in(
    start_viewer: Callable[..., Viewer], folder: Path
) -> None:
    viewer = start_viewer(folder, "--users")
    for path in ("/login", "/logout", "/invitations/x", "/s/x"):
        assert_short_forms_only(viewer.port, path)


def assert_short_forms_only(port: int, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {OPEN_BODY + 1}\r\n\r\n"
    assert exchange(port, head.encode()).status == 413, path
    assert chunked(port, 2 * OPEN_BODY, path).status == 413, path


@pytest.mark.parametrize("length", ["-1", "1e9", "9" * 400])
def test_an_invalid_content_length_is_refused(odd: Viewer, length: str) -> None:
    head = f"{JSON_HEAD}Content-Length: {length}\r\n\r\n"
    assert exchange(odd.port, head.encode()).status in {400, 413}


def test_refused_bodies_leave_nothing_in_memory(odd: Viewer) -> None:
    process = psutil.Process(odd.process.pid)
    chunked(odd.port, 2 * MAX_BODY)
    before = process.memory_info().rss
    for _ in range(10):
        assert chunked(odd.port, 8 * MAX_BODY).status == 413
    assert process.memory_info().rss - before < 3 * MAX_BODY
    assert odd.get("/api/long").status_code == 200
