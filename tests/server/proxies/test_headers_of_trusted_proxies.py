"""`X-Forwarded-*` and `Forwarded` count from a trusted proxy, and change nothing from other peers."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from runicorn_site.security.forwarding import BadForwarding, Forwarding, networks, path_prefix
from runicorn_site.security.request_rules import Head
from runicorn_site.server.application import is_route
from tests.processes import environment
from tests.server.proxies.conftest import TOKEN, Site
from tests.server.site.wire import Answer, get, read_answer
from tests.waiting import until_refused

PROXY = Forwarding(trusted=networks(["10.0.0.0/8, ::1"]))
TRUSTED, OTHER = "10.0.0.1", "192.0.2.1"
BEARER = f"Authorization: Bearer {TOKEN}"
EVERY = (
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-prefix", "/p"),
    ("forwarded", "for=203.0.113.7;host=evil.example"),
)


def head(*headers: tuple[str, str], target: str = "/runs/1?x=/p/") -> Head:
    """Return a request to `tracker`."""
    lines = [(b"host", b"tracker"), *((name.encode(), value.encode()) for name, value in headers)]
    return Head("GET", target, lines)


def test_headers_of_other_peers_change_nothing() -> None:
    headers = head(*EVERY)
    for peer in (OTHER, "", "::2", "::ffff:192.0.2.1"):
        assert PROXY.apply(headers, peer) == (headers, peer)
    assert Forwarding().apply(headers, TRUSTED) == (headers, TRUSTED)


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ([("x-forwarded-for", "203.0.113.7")], "203.0.113.7"),
        ([("x-forwarded-for", "198.51.100.1, 203.0.113.7")], "203.0.113.7"),
        ([("x-forwarded-for", "198.51.100.1, 203.0.113.7, 10.9.9.9")], "203.0.113.7"),
        ([("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.7:4711")], "203.0.113.7"),
        ([("x-forwarded-for", "10.1.1.1, 10.2.2.2")], "10.1.1.1"),
        ([("x-forwarded-for", "203.0.113.7, unknown")], TRUSTED),
        ([("x-forwarded-for", "::ffff:203.0.113.7")], "203.0.113.7"),
        ([("forwarded", 'for="[2001:db8::1]:80";proto=https')], "2001:db8::1"),
        ([("forwarded", "for=198.51.100.1, For=203.0.113.7")], "203.0.113.7"),
        ([("forwarded", "for=198.51.100.1"), ("x-forwarded-for", "203.0.113.7")], "203.0.113.7"),
        ([], TRUSTED),
    ],
)
def test_the_client_is_the_last_address_that_no_trusted_proxy_has(
    headers: list[tuple[str, str]], client: str
) -> None:
    assert PROXY.apply(head(*headers), TRUSTED)[1] == client
    assert PROXY.apply(head(*headers), f"::ffff:{TRUSTED}")[1] in (client, f"::ffff:{TRUSTED}")


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        ([("x-forwarded-host", "runs.lab:8443")], "runs.lab:8443"),
        ([("x-forwarded-host", "first, runs.lab")], "runs.lab"),
        ([("forwarded", 'for=1.2.3.4;host="runs.lab"')], "runs.lab"),
        ([], "tracker"),
    ],
)
def test_the_host_is_the_one_that_the_browser_used(headers: list[tuple[str, str]], host: str) -> None:
    assert PROXY.apply(head(*headers), TRUSTED)[0].header("host") == host


@pytest.mark.parametrize(
    ("prefix", "target", "backend_path", "address"),
    [
        ("/p", "/runs/1?x=/p/", "/runs/1", "/p/runs/1?x=/p/"),
        ("/p/", "/p/runs/1", "/runs/1", "/p/runs/1"),
        ("/p", "/p", "/", "/p/"),
        ("/p", "/people", "/people", "/p/people"),
        ("/user/a%40b", "/", "/", "/user/a@b/"),
        ("/", "/runs/1", "/runs/1", "/runs/1"),
        ("", "/runs/1", "/runs/1", "/runs/1"),
    ],
)
def test_a_prefix_is_removed_and_added_once(
    prefix: str, target: str, backend_path: str, address: str
) -> None:
    applied, _ = PROXY.apply(head(("x-forwarded-prefix", prefix), target=target), TRUSTED)
    assert (applied.path, applied.address, applied.refusal) == (backend_path, address, None)


@pytest.mark.parametrize(
    "prefix",
    ["p", "//evil.example", "/a//b", "/..", "/a/../b", "/./a", "/a\\b", "/a b", '/"><script>', "/p, /q", "/%2F/%2F",
     "http://evil.example", "/a;Domain=x", "/a?b", "/a#b", "/" + "a" * 200, "/é",
     "/api", "/api/v2/", "/%61pi", "/runs/x", "/artifacts/model/y"],
)  # fmt: skip
def test_malformed_prefixes_are_refused(prefix: str) -> None:
    with pytest.raises(BadForwarding):
        path_prefix(prefix)
    applied, _ = PROXY.apply(head(("x-forwarded-prefix", prefix)), TRUSTED)
    assert applied.refusal is not None and applied.refusal.status == 400
    assert applied.prefix == ""


@pytest.mark.parametrize(
    ("option", "value"), [("--base-path", "runs"), ("--trusted-proxy", "10.0.0.0/99,proxy.lab")]
)
def test_a_malformed_option_is_refused_in_one_sentence(tmp_path: Path, option: str, value: str) -> None:
    command = [sys.executable, "-m", "runicorn", "viewer", "--storage", str(tmp_path), option, value]
    ended = subprocess.run(
        command, env=environment(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"runicorn: {option} must be") and ended.stderr.count("\n") == 1


def send(site: Site, source: str, method: str, path: str, *lines: str, body: str = "") -> Answer:
    """Send a request directly to the viewer from an address of this machine."""
    head = "\r\n".join(
        [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *lines,
        ]
    )
    port = site.viewer.port
    with socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0)) as connection:
        connection.sendall(f"{head}\r\n\r\n{body}".encode("latin-1"))
        return read_answer(connection)


@pytest.mark.needs("nginx")
def test_a_running_viewer_reads_a_prefix_of_its_proxy_alone(proxied: Site) -> None:
    lines = (BEARER, "X-Forwarded-Prefix: /elsewhere")
    assert b'href="/elsewhere/settings"' in send(proxied, "127.0.0.1", "GET", "/", *lines).body
    assert b"/elsewhere" not in send(proxied, "127.0.0.2", "GET", "/", *lines).body
    malformed = (BEARER, "X-Forwarded-Prefix: //evil.example")
    answer = send(proxied, "127.0.0.1", "GET", "/api/runs", *malformed)
    assert answer.status == 400 and b"X-Forwarded-Prefix" in answer.body and b"evil" not in answer.body
    assert send(proxied, "127.0.0.2", "GET", "/api/runs", *malformed).status == 200
    unsent = (*malformed, "Content-Type: application/json")
    assert send(proxied, "127.0.0.1", "POST", "/api/runs/tags", *unsent, body="{}").status == 400


@pytest.mark.needs("nginx")
def test_a_forwarded_host_has_to_be_allowed(proxied: Site) -> None:
    port = proxied.viewer.port
    assert get(port, "/api/health", BEARER, "X-Forwarded-Host: evil.example").status == 403
    assert get(port, "/api/health", BEARER, "X-Forwarded-Host: localhost").status == 200
    origin = "Origin: https://localhost"
    assert get(port, "/api/health", BEARER, "X-Forwarded-Host: localhost", origin).status == 200
    assert get(port, "/api/health", BEARER, origin).status == 403


@pytest.mark.needs("nginx")
def test_wrong_tokens_are_counted_by_forwarded_address(proxied: Site) -> None:
    def wrong(source: str, client: str) -> int:
        lines = (f"X-Forwarded-For: {client}", "Content-Type: application/x-www-form-urlencoded")
        return send(proxied, source, "POST", "/token", *lines, body=urlencode({"token": "wrong"})).status

    assert [wrong("127.0.0.1", "203.0.113.7") for _ in range(6)] == [401] * 5 + [429]
    assert wrong("127.0.0.1", "198.51.100.1, 203.0.113.7") == 429
    assert wrong("127.0.0.1", "203.0.113.8") == 401
    # Another peer invents a new address for each attempt.
    assert [wrong("127.0.0.2", f"203.0.113.{n}") for n in range(20, 26)] == [401] * 5 + [429]


@pytest.mark.needs("nginx")
def test_requests_are_limited_by_forwarded_address(proxied: Site) -> None:
    def write(client: str) -> int:
        lines = (BEARER, f"X-Forwarded-For: {client}", "Content-Type: application/json")
        return send(proxied, "127.0.0.1", "POST", "/api/config/user_root_dir", *lines, body="{}").status

    served, refused = until_refused(lambda: write("203.0.113.9"), 10)
    assert (served[0], refused) == (400, 429)
    assert write("203.0.113.10") == 400


@pytest.mark.parametrize(
    ("prefix", "target", "backend_path"),
    [
        ("/runs", "/runs/20240101_000000_aaaaaa", "/runs/20240101_000000_aaaaaa"),
        ("/runs", "/runs/20240101_000000_aaaaaa/live", "/runs/20240101_000000_aaaaaa/live"),
        ("/runs", "/runs/", "/"),
        ("/runs", "/runs/settings", "/settings"),
        ("/runs", "/runs/runs/20240101_000000_aaaaaa", "/runs/20240101_000000_aaaaaa"),
        ("/artifacts", "/artifacts", "/artifacts"),
        ("/artifacts", "/artifacts/model/net/v1", "/artifacts/model/net/v1"),
    ],
)
def test_a_prefix_that_is_a_route_too_is_removed_once(prefix: str, target: str, backend_path: str) -> None:
    proxy = replace(PROXY, is_route=is_route)
    applied, _ = proxy.apply(head(("x-forwarded-prefix", prefix), target=target), TRUSTED)
    assert (applied.path, applied.prefix, applied.refusal) == (backend_path, prefix, None)
