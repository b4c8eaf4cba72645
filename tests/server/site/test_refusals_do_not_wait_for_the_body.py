"""What a request's head is refused for is answered before its body has come, in the shape of its address."""

from __future__ import annotations

import json
import socket
from contextlib import closing

import pytest

from tests.processes import Viewer
from tests.server.site.wire import Answer, exchange, get, handshake, read_answer

SOCKET = "/api/runs/20250101_000000_abcdef/logs/ws"
AWAITED = "Content-Length: 1000000"


def without_its_body(port: int, path: str, *lines: str, host: str = "localhost") -> Answer:
    """The answer to a POST of which only the head is sent."""
    return get(port, path, *lines, host=host, method="POST")


@pytest.mark.parametrize(
    ("lines", "host", "status"),
    [
        (["Content-Type: application/json"], "evil.example", 403),
        (["Content-Type: application/json"], "127.0.0.1:99999", 400),
        (["Content-Type: application/json", "Host: localhost"], "localhost", 400),
        (["Content-Type: application/json", "Origin: http://evil.example"], "localhost", 403),
        (["Content-Type: application/json", "Sec-Fetch-Site: cross-site"], "localhost", 403),
        (["Content-Type: text/plain"], "localhost", 415),
    ],
)
@pytest.mark.parametrize("length", [AWAITED, "Transfer-Encoding: chunked"])
def test_the_body_is_not_waited_for(
    plain: Viewer, lines: list[str], host: str, status: int, length: str
) -> None:
    answer = without_its_body(plain.port, "/api/runs/tags", length, *lines, host=host)
    assert (answer.status, list(json.loads(answer.body))) == (status, ["detail"])
    assert answer.headers["connection"] == "close"


def test_outside_the_api_a_refusal_is_a_page(plain: Viewer) -> None:
    answer = without_its_body(plain.port, "/runs", AWAITED, host="evil.example")
    assert (answer.status, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")


def test_a_handshake_tells_a_malformed_host_from_a_foreign_one(plain: Viewer) -> None:
    own = f"127.0.0.1:{plain.port}"
    assert handshake(plain.port, SOCKET, host=own) == 101
    assert handshake(plain.port, SOCKET, host="evil.example") == 403
    assert handshake(plain.port, SOCKET, "Origin: http://evil.example", host=own) == 403
    for host in ("local host", "127.0.0.1:99999", ""):
        assert handshake(plain.port, SOCKET, host=host) == 400
    assert handshake(plain.port, SOCKET, f"Host: {own}", host=own) == 400


def test_headers_of_any_length_get_a_response(plain: Viewer) -> None:
    for size in (17_000, 200_000):
        answer = get(plain.port, "/api/health", "X-Long: " + "x" * size)
        assert (answer.status, list(json.loads(answer.body))) == (431, ["detail"])
    many = [f"X-Part-{number}: {'x' * 1000}" for number in range(20)]
    assert get(plain.port, "/api/health", *many).status == 431
    page = get(plain.port, "/", "X-Long: " + "x" * 20_000)
    assert (page.status, page.headers["content-type"]) == (431, "text/html; charset=utf-8")


def test_a_url_of_any_length_gets_a_response(plain: Viewer) -> None:
    for size in (17_000, 200_000):
        answer = get(plain.port, "/api/runs?search=" + "x" * size)
        assert (answer.status, list(json.loads(answer.body))) == (414, ["detail"])


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET /api/runs HTTP/1.1\r\nno colon\r\nno colon\r\n\r\n",
        b"GET /api/runs HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_a_malformed_request_gets_one_response(plain: Viewer, request_: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", plain.port), timeout=10)) as connection:
        connection.sendall(request_)
        assert read_answer(connection).status == 400
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""


def test_a_connection_goes_on_after_an_answer_that_is_no_refusal(plain: Viewer) -> None:
    body = b'{"run_ids":["20250101_000000_abcdef"],"add":["a"]}'
    head = b"POST /api/runs/tags HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    request = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with closing(socket.create_connection(("127.0.0.1", plain.port), timeout=10)) as connection:
        for _ in range(2):
            connection.sendall(request)
            assert read_answer(connection).status == 200
    assert exchange(plain.port, request + request).status == 200
