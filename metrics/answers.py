"""Rows as an answer: a small one at once, a long one as a stream that never stands in memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import orjson
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.read import Rows

SMALL = 5000
"""Rows that are answered at once, with their length said beforehand."""
BROWSED = 100
"""Rows that a person's browser gets."""


def rows_answer(request: Request, rows: Rows, pending: int) -> HttpResponseBase:
    """`{columns, rows, total, sampled}` with the figures in headers too; `pending` bytes are not taken in yet."""
    about: dict[str, Any] = {"columns": rows.columns, "total": rows.total, "sampled": rows.sampled}
    if not rows.complete:
        about["extremes_complete"] = False
    headers = {"X-Row-Count": rows.sampled, "X-Total-Count": rows.total, **pending_header(pending)}
    if rows.last_step is not None:
        headers["X-Last-Step"] = rows.last_step
    headers = {name: str(value) for name, value in headers.items()}
    if request.accepted_renderer.format != "json":
        shown = list(islice(chain.from_iterable(rows.blocks()), BROWSED))
        return Response(about | {"rows": shown}, headers=headers)
    pieces = _pieces(about, rows)
    if rows.sampled <= SMALL:
        return HttpResponse(b"".join(pieces), content_type="application/json", headers=headers)
    return StreamingHttpResponse(pieces, content_type="application/json", headers=headers)


def pending_header(pending: int) -> dict[str, str]:
    """The header that says how many bytes of the journal are not in the answer, if any."""
    return {"X-Ingest-Pending": str(pending)} if pending else {}


def _pieces(about: dict[str, Any], rows: Rows) -> Iterator[bytes]:
    yield orjson.dumps(about)[:-1] + b',"rows":['
    comma = b""
    for block in rows.blocks():
        yield comma + orjson.dumps(block)[1:-1]
        comma = b","
    yield b"]}"
