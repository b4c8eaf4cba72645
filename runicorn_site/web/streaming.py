"""Long responses in constant memory: lists as JSON, files as bytes."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from runicorn._platform import read_at
from runicorn_site.web.files import OpenFile

BLOCK = 256 * 1024
BATCH = 200
SHORT = 1000
BROWSED = 101
"""Items that a person's browser gets; the page shows one less and says that there are more."""


def json_list(
    request: Request,
    items: Iterator[Any],
    *,
    name: str = "",
    length: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponseBase:
    """Respond with a list, alone or as the only field `name` of an object; one of more than SHORT items is streamed.

    Args:
        request: tells whether a program asks or a person.
        length: how many items there are at most, where that is known.
    """
    if length is None or length <= SHORT:
        beginning = list(itertools.islice(items, SHORT + 1))
        if len(beginning) <= SHORT:
            return Response({name: beginning} if name else beginning, headers=dict(headers or {}))
        items = itertools.chain(beginning, items)
    if request.accepted_renderer.format != "json":
        beginning = list(itertools.islice(items, BROWSED))
        return Response({name: beginning} if name else beginning, headers=dict(headers or {}))
    before, after = (b'{"%s":[' % name.encode(), b"]}") if name else (b"[", b"]")
    stream = StreamingHttpResponse(_pieces(before, items, after), content_type="application/json")
    for header, value in (headers or {}).items():
        stream[header] = value
    return stream


def _pieces(before: bytes, items: Iterator[Any], after: bytes) -> Iterator[bytes]:
    yield before
    comma = b""
    while batch := list(itertools.islice(items, BATCH)):
        yield comma + orjson.dumps(batch)[1:-1]
        comma = b","
    yield after


class AnyFormat(DefaultContentNegotiation):
    """For routes whose answer is a file: whatever the client accepts, it gets the file, or an error as JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first renderer, which errors go through."""
        return renderers[0], renderers[0].media_type


def file_answer(
    request: HttpRequest | Request,
    file: OpenFile,
    content_type: str,
    *,
    start: int = 0,
    is_whole: bool = True,
) -> HttpResponseBase:
    """The bytes of a file from `start` on, as many as it has now.

    Args:
        request: its `Range` is honoured when the answer is the whole file.
        file: open, and closed when the last byte is sent.
        start: first byte.
        is_whole: whether the answer stands for the file, and not for a part chosen in another way.
    """
    size = os.fstat(file.fd).st_size
    first, last = min(start, size), size - 1
    byte_range = requested_range(request.headers.get("Range", ""), size) if is_whole else None
    if byte_range == ():
        return range_refused(size)
    if byte_range:
        first, last = byte_range
    headers = {"Content-Length": str(last - first + 1), "X-File-Size": str(size)}
    if is_whole:
        headers["Accept-Ranges"] = "bytes"
    if byte_range:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    blocks = _blocks(file, first, last + 1)
    status = 206 if byte_range else 200
    return StreamingHttpResponse(blocks, status=status, content_type=content_type, headers=headers)


def range_refused(size: int) -> Response:
    """Return the answer to a `Range` of which the file has nothing."""
    sentence = f"The requested range is outside the file, which has {size} bytes"
    return Response({"detail": sentence}, status=416, headers={"Content-Range": f"bytes */{size}"})


def requested_range(header: str, size: int) -> tuple[int, int] | tuple[()] | None:
    """First and last byte of a `Range`; () when the file has none of it, None when the header asks for nothing.

    Several ranges at once, or a header that is no range, are answered with the whole (RFC 9110, 14.2).
    """
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.replace(" ", ""), re.ASCII)
    if not match or match[1] == match[2] == "":
        return None
    if match[1] == "":
        length = min(int(match[2]), size)
        return (size - length, size - 1) if length else ()
    first = int(match[1])
    if match[2] and int(match[2]) < first:
        return None
    return (first, min(int(match[2] or size), size - 1)) if first < size else ()


def _blocks(file: OpenFile, start: int, end: int) -> Iterator[bytes]:
    while start < end and (block := read_at(file.fd, min(BLOCK, end - start), start)):
        yield block
        start += len(block)
