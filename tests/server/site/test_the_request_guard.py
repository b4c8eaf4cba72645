from __future__ import annotations

import socket

import pytest

from runicorn_site.security.request_rules import LOOPBACK_NAMES, Head, allowed_names, host_name, judge

NAMES = LOOPBACK_NAMES | {"box.lab"}


def head(*lines: str, method: str = "GET", target: str = "/api/runs", socket: bool = False) -> Head:
    """A request's head with these header lines."""
    pairs = [line.split(": ", 1) for line in lines]
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
    return Head(method, target, headers, socket)


def status(*lines: str, **more: object) -> int:
    """Return the status with which a request head is refused, or 200."""
    refusal = judge(head(*lines, **more), NAMES)  # type: ignore[arg-type]
    return refusal.status if refusal else 200


def sentence(*lines: str, **more: object) -> str:
    """Return the message with which a request head is refused."""
    refusal = judge(head(*lines, **more), NAMES)  # type: ignore[arg-type]
    return refusal.sentence if refusal else ""


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:1", "127.0.0.1:23300", "LOCALHOST:80", "[::1]:9", "[0:0::1]", "box.lab:8080"],
)
def test_an_allowed_name_passes_with_any_port(host: str) -> None:
    assert status(f"Host: {host}") == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.2", "0.0.0.0:23300", "[::2]", "localhost.evil", "a_b"]
)
def test_another_name_is_refused(host: str) -> None:
    assert status(f"Host: {host}") == 403


@pytest.mark.parametrize(
    "host",
    [
        *("", "local host", "localhost:", "localhost:x", "a@localhost", "[::1", "[zz]", "é"),
        *("127.0.0.1:99999", "localhost:65536", "localhost:0", "[::1]:70000"),
    ],
)
def test_a_malformed_host_is_a_bad_request(host: str) -> None:
    assert status(f"Host: {host}") == 400


def test_a_request_needs_one_host_exactly() -> None:
    assert status() == 400
    assert status("Host: localhost", "Host: localhost") == 400
    assert status("Host: localhost", "Host: evil.example") == 400


def test_a_target_for_another_host_is_a_bad_request() -> None:
    assert status("Host: localhost", target="http://evil.example/api/runs") == 400
    assert status("Host: localhost:1", target="http://localhost:2/api/runs") == 400
    assert status("Host: localhost", target="ftp://localhost/api/runs") == 400
    assert status("Host: localhost", target="api/runs") == 400
    assert status("Host: localhost", target="http://[::1/api/runs") == 400
    assert status("Host: localhost:1", target="http://localhost:1/api/runs") == 200


@pytest.mark.parametrize(
    "origin", ["http://localhost:23300", "https://localhost:23300", "HTTP://LOCALHOST:23300"]
)
def test_the_own_origin_passes(origin: str) -> None:
    assert status("Host: localhost:23300", f"Origin: {origin}", method="POST") == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:1",
        "http://127.0.0.1:23300",
        "null",
        "",
        "file://",
        "http://evil",
    ],
)
def test_every_other_origin_is_refused(origin: str) -> None:
    assert status("Host: localhost:23300", f"Origin: {origin}") == 403
    assert status("Host: localhost:23300", f"Origin: {origin}", socket=True) == 403


def test_two_origins_are_refused() -> None:
    own = "Origin: http://localhost"
    assert status("Host: localhost", own, own) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "cross-site,cross-site", "nonsense"])
def test_another_site_may_link_here_and_nothing_else(site: str) -> None:
    foreign = ("Host: localhost", f"Sec-Fetch-Site: {site}")
    link = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
    assert status(*foreign) == 403
    assert status(*foreign, method="POST") == 403
    assert status(*foreign, *link, method="POST") == 403
    assert status(*foreign, *link, socket=True) == 403
    assert status(*foreign, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe") == 403
    assert status(*foreign, *link) == 200


def test_our_own_pages_and_typed_addresses_pass() -> None:
    for site in ("same-origin", "none"):
        assert status("Host: localhost", f"Sec-Fetch-Site: {site}", method="DELETE") == 200


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "", "json"]
)
def test_forms_are_refused_under_api(kind: str) -> None:
    form = ("Host: localhost", "Content-Length: 3", f"Content-Type: {kind}")
    assert status(*form, method="POST") == 415
    assert status(*form, method="POST", target="/%61pi/runs") == 415
    assert status(*form, method="POST", target="http://localhost/api/runs") == 415
    assert status(*form, method="POST", target="/runs/x/pin") == 200


def test_a_body_under_api_says_that_it_is_json() -> None:
    assert status("Host: localhost", "Content-Length: 2", method="POST") == 415
    assert status("Host: localhost", "Transfer-Encoding: chunked", method="PUT") == 415
    assert status("Host: localhost", "Content-Type: application/json; charset=utf-8", method="POST") == 200
    assert status("Host: localhost", "Content-Length: 0", method="POST") == 200
    assert status("Host: localhost", method="DELETE") == 200


def test_archives_and_parts_of_files_have_a_type_of_their_own() -> None:
    octets = ("Host: localhost", "Content-Type: application/octet-stream")
    form = ("Host: localhost", "Content-Type: multipart/form-data; boundary=x")
    assert status(*octets, method="PUT", target="/api/runs/a/files/media/b.png?offset=3") == 200
    assert status(*octets, method="PUT", target="/api/artifacts/uploads/a/parts?offset=3") == 200
    assert status(*octets, method="PUT", target="/api/artifacts/uploads/a/contents") == 200
    assert status(*form, method="POST", target="/api/import/archive") == 200
    assert status(*form, method="PUT", target="/api/runs/a/files/b") == 415


def test_a_refused_body_is_told_which_type_its_route_takes() -> None:
    text = ("Host: localhost", "Content-Type: text/plain")
    assert "multipart/form-data" in sentence(*text, method="POST", target="/api/import/archive")
    assert "application/octet-stream" in sentence(*text, method="PUT", target="/api/runs/a/files/b")
    assert "application/json" in sentence(*text, method="POST", target="/api/runs/soft-delete")


def test_a_wildcard_address_stands_for_the_name_of_the_machine() -> None:
    own = {socket.gethostname().lower()}
    assert allowed_names("0.0.0.0", ("box.lab",)) == NAMES | own
    assert allowed_names("::", ("",)) == LOOPBACK_NAMES | own
    assert "[fe80::1]" in allowed_names("fe80::1", ())


def test_one_address_has_one_spelling() -> None:
    assert host_name("[0:0:0:0:0:0:0:1]:5") == host_name("[::1]") == "[::1]"
