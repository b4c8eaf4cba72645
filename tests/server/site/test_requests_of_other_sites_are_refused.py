"""A walk over every address and every socket of the site, as pages of other sites would ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.processes import Viewer
from tests.server.site.wire import get, handshake

SAMPLES = {
    "run_id": "20250101_000000_abcdef",
    "int": "1",
}
REFUSED = {400, 403}


def patterns(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Every pattern below a resolver, from the site's root on."""
    for entry in resolver.url_patterns:
        text = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, text)
        elif isinstance(entry, URLPattern):
            yield text


def address(pattern: str) -> str:
    """A pattern with something plausible in the place of each parameter."""
    pattern = pattern.replace("/?", "")
    filled = re.sub(r"\(\?P<(\w+)>[^)]*\)|<(?:(\w+):)?(\w+)>", _sample, pattern)
    return "/" + re.sub(r"[\^$?\\]|\(\?:|\)", "", filled)


def _sample(match: re.Match[str]) -> str:
    named, converter, name = match.groups()
    return SAMPLES.get(named or name) or SAMPLES.get(converter or "") or "x"


ADDRESSES = sorted({address(pattern) for pattern in patterns(get_resolver())})


def sockets() -> list[str]:
    """The addresses of all sockets."""
    from metrics.live.urls import websocket_patterns as metric_sockets
    from runs.live.urls import websocket_patterns as run_sockets

    return [address(str(entry.pattern)) for entry in (*run_sockets, *metric_sockets)]


def test_the_test_covers_every_route_of_the_site() -> None:
    assert {"/", "/api/health", "/api/runs", "/openapi.json", "/docs", "/admin/"} <= set(ADDRESSES)
    assert "/static/x" in ADDRESSES
    assert {"/api/runs/20250101_000000_abcdef/logs/ws", "/runs/20250101_000000_abcdef/live"} <= set(sockets())


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_no_address_answers_a_foreign_host_or_origin(plain: Viewer, method: str) -> None:
    foreign = [
        {"host": "evil.example"},
        {"host": f"evil.example:{plain.port}"},
        {"lines": ["Origin: http://evil.example"]},
        {"lines": ["Origin: http://127.0.0.1:1"]},
        {"lines": ["Sec-Fetch-Site: cross-site"]},
        {"host": None},
        {"lines": ["Host: evil.example"]},
    ]
    answered = []
    for path in [*ADDRESSES, "/static/css/base.css"]:
        for request in foreign:
            lines = request.get("lines", ())
            answer = get(plain.port, path, *lines, host=request.get("host", "127.0.0.1"), method=method)
            if answer.status not in REFUSED or "x-ratelimit-limit" in answer.headers:
                answered.append((path, request, answer.status))
    assert answered == []


def test_no_socket_opens_for_a_foreign_host_or_origin(plain: Viewer) -> None:
    own = f"127.0.0.1:{plain.port}"
    for path in sockets():
        assert handshake(plain.port, path, host=own) == 101
        assert handshake(plain.port, path, f"Origin: http://{own}", host=own) == 101
        assert handshake(plain.port, path, host="evil.example") in REFUSED
        assert handshake(plain.port, path, "Host: evil.example", host=own) in REFUSED
        for line in (
            "Origin: http://evil.example",
            "Origin: http://127.0.0.1",
            "Origin: null",
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
        ):
            assert handshake(plain.port, path, line, host=own) in REFUSED


def test_an_absolute_target_of_another_host_is_refused(plain: Viewer) -> None:
    assert get(plain.port, "http://evil.example/api/health").status == 400
    assert get(plain.port, "http://127.0.0.1/api/health").status == 200
    assert get(plain.port, "//evil.example/api/health").status == 404


def test_forwarded_headers_do_not_change_the_site(plain: Viewer) -> None:
    answer = get(plain.port, "/admin/", "Daphne-Root-Path: /evil")
    assert answer.status == 200 and b"evil" not in answer.body
    assert get(plain.port, "/admin/", "X-Forwarded-Host: evil.example").status == 403


def test_every_answer_says_what_browsers_may_do_with_it(plain: Viewer) -> None:
    for path in ("/", "/api/health", "/nothing", "/static/css/base.css", "/docs", "/admin/"):
        headers = get(plain.port, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
        assert "unsafe-eval" not in headers["content-security-policy"]
        if path != "/docs":
            assert "unsafe-inline" not in headers["content-security-policy"]
        assert "script-src 'self';" in headers["content-security-policy"]


def test_cookies_have_names_of_this_installation(plain: Viewer) -> None:
    names = [cookie.name for cookie in plain.get("/settings").cookies]
    assert names
    assert all(re.search(r"_[0-9a-f]{8}$", name) for name in names)
