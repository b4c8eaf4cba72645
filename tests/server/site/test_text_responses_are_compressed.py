"""Compression in this process, and once over the wire, where memory and latency are those of a real server."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.utils.cache import has_vary_header

from runicorn_site.transport import streams
from runicorn_site.transport.compression import SMALL, Compression, accepts_gzip, squeezed
from tests.processes import Viewer
from tests.server.site.wire import get

TEXT = b"loss 0.123456789\n" * 1000
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def answered(response: Any, **headers: str) -> Any:
    """What the middleware makes of an answer to a request with some headers."""
    request = RequestFactory().get("/", headers=headers or GZIP)
    return Compression(lambda _: response)(request)


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("GZIP;q=0.5", True),
        ("*", True),
        ("br, *;q=0.1", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("identity, *;q=0", False),
        ("gzippy", False),
        (";;,,=", False),
    ],
)
def test_only_clients_that_accept_compression_get_it(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted
    response = answered(HttpResponse(TEXT), **{"Accept-Encoding": header})
    assert ("Content-Encoding" in response.headers) is accepted
    assert has_vary_header(response, "Accept-Encoding")


@pytest.mark.parametrize(
    "kind", ["text/html; charset=utf-8", "application/json", "image/svg+xml", "text/csv"]
)
def test_text_is_smaller_and_the_same(kind: str) -> None:
    response = answered(HttpResponse(TEXT, content_type=kind, headers={"ETag": '"1"'}))
    assert gzip.decompress(response.content) == TEXT
    assert response["Content-Length"] == str(len(response.content))
    assert response["ETag"] == 'W/"1"'


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "font/woff2", "application/zip"])
def test_binary_responses_are_not_compressed(kind: str) -> None:
    response = answered(HttpResponse(TEXT, content_type=kind))
    assert response.content == TEXT
    assert not has_vary_header(response, "Accept-Encoding")


def test_short_responses_are_not_compressed() -> None:
    for response in (
        answered(HttpResponse(TEXT[: SMALL - 1])),
        answered(HttpResponse(TEXT, headers={"Content-Encoding": "br"})),
        answered(HttpResponse(TEXT, status=206, headers={"Content-Range": "bytes 0-9/99"})),
        answered(HttpResponse(TEXT), Range="bytes=0-9", **GZIP),
    ):
        assert response.get("Content-Encoding") != "gzip"
        assert TEXT.startswith(response.content)


def test_a_stream_loses_its_length_and_its_ranges() -> None:
    headers = {"Content-Length": str(len(TEXT)), "Accept-Ranges": "bytes"}
    response = answered(StreamingHttpResponse(iter([TEXT]), content_type="text/plain", headers=headers))
    assert gzip.decompress(b"".join(response.streaming_content)) == TEXT
    assert not {"Content-Length", "Accept-Ranges"} & set(response.headers)


def test_a_stream_is_made_no_faster_than_it_is_read_and_holds_nothing_back() -> None:
    numbers: list[int] = []

    def parts() -> Iterator[bytes]:
        for number in range(5):
            numbers.append(number)
            yield bytes([65 + number]) * streams.PIECE_BYTES

    reader, content = zlib.decompressobj(31), b""
    for number, part in enumerate(squeezed(parts())):
        content += reader.decompress(part)
        assert len(content) == min(number + 1, 5) * streams.PIECE_BYTES
        assert len(numbers) == min(number + 1, 5)
    assert reader.eof


@pytest.mark.django_db
def test_the_log_is_compressed_and_its_ranges_are_not(store: Any, make_run: Any, client: Client) -> None:
    address = f"/api/runs/{make_run(store, logs=TEXT.decode())}/logs"
    complete = client.get(address, headers=GZIP)
    assert gzip.decompress(b"".join(complete.streaming_content)) == TEXT
    assert complete["X-File-Size"] == str(len(TEXT))
    part = client.get(address, headers={**GZIP, "Range": "bytes=0-9"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, TEXT[:10])


def test_static_files_are_compressed_and_told_to_be_unchanged(client: Client) -> None:
    plain = client.get("/static/css/base.css")
    small = client.get("/static/css/base.css", headers=GZIP)
    assert gzip.decompress(small.content) == plain.content
    assert small["ETag"] == plain["ETag"]
    for response in (plain, small):
        assert has_vary_header(response, "Accept-Encoding")
    headers = {**GZIP, "If-None-Match": f'"other", {small["ETag"]}'}
    unchanged = client.get("/static/css/base.css", headers=headers)
    assert (unchanged.status_code, unchanged["ETag"]) == (304, small["ETag"])
    assert "Content-Encoding" not in client.get("/static/img/favicon.svg", headers={}).headers


@pytest.mark.django_db
def test_a_page_and_a_description_are_a_fraction_of_their_size(store: Any, client: Client) -> None:
    for address in ("/", "/openapi.json"):
        plain, small = client.get(address), client.get(address, headers=GZIP)
        assert small["Content-Encoding"] == "gzip"
        assert len(small.content) < len(plain.content) / 2


def test_a_compressed_response_arrives_complete(odd: Viewer) -> None:
    lines = "".join(f"{number:09d}\n" for number in range(200_000)).encode()
    streamed = odd.get("/sync-stream/200000")
    assert (streamed.headers["Content-Encoding"], streamed.content) == ("gzip", lines)
    assert int(streamed.raw.tell()) < len(lines) / 3
    head = get(odd.port, "/sync-stream/200000", "Accept-Encoding: gzip", method="HEAD")
    assert (head.status, head.headers["content-encoding"], head.body) == (200, "gzip", b"")
