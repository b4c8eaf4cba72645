"""Build responses of rows: short ones at once, long ones as a stream in constant memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import orjson
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.query.series import Rows
from runicorn.api.responses.metrics import RowFilters

SMALL = 5000
"""Maximum rows of a complete response, which has a Content-Length."""
SMALL_CELLS = 100_000
"""Maximum cells of a complete response: some 2 MB of JSON."""
BROWSED = 100
"""Maximum rows for a browser that renders the page of the API."""


def rows_answer(request: Request, rows: Rows, pending: int) -> HttpResponseBase:
    """Return `{columns, rows, total, sampled}` with the counts in headers; `pending` bytes are not ingested yet."""
    about: dict[str, Any] = {"columns": rows.columns, "total": rows.total, "sampled": rows.sampled}
    headers: dict[str, Any] = {"X-Row-Count": rows.sampled, "X-Total-Count": rows.total}
    if rows.last_step is not None:
        headers["X-Last-Step"] = rows.last_step
    texts = {name: str(value) for name, value in headers.items()}
    return _answer(request, about, rows, texts | pending_header(pending))


def filtered_rows_answer(
    request: Request, rows: Rows, filters: RowFilters, pending: int, began: float
) -> HttpResponseBase:
    """Return `{columns, rows, total_points, applied_filters, query_time_ms}`, with the time since `began` at the end."""
    about = {"columns": rows.columns, "total_points": rows.total, "applied_filters": filters}
    return _answer(request, about, rows, pending_header(pending), began)


def pending_header(pending: int) -> dict[str, str]:
    """Return the header with the number of journal bytes that are missing in the response, if any."""
    return {"X-Ingest-Pending": str(pending)} if pending else {}


def elapsed(began: float) -> float:
    """Return the milliseconds since `began`, a reading of `time.perf_counter`."""
    return round((time.perf_counter() - began) * 1000, 2)


def _answer(
    request: Request, about: dict[str, Any], rows: Rows, headers: dict[str, str], began: float | None = None
) -> HttpResponseBase:
    if not rows.complete:
        about["extremes_complete"] = False
    if request.accepted_renderer.format != "json":
        about["rows"] = list(islice(chain.from_iterable(rows.blocks()), BROWSED))
        return Response(about | ({} if began is None else {"query_time_ms": elapsed(began)}), headers=headers)
    pieces = _pieces(about, rows, began)
    if rows.sampled <= SMALL and rows.sampled * len(rows.columns) <= SMALL_CELLS:
        return HttpResponse(b"".join(pieces), content_type="application/json", headers=headers)
    return StreamingHttpResponse(pieces, content_type="application/json", headers=headers)


def _pieces(about: dict[str, Any], rows: Rows, began: float | None) -> Iterator[bytes]:
    yield orjson.dumps(about)[:-1] + b',"rows":['
    comma = b""
    for block in rows.blocks():
        yield comma + orjson.dumps(block)[1:-1]
        comma = b","
    yield b"]}" if began is None else b'],"query_time_ms":%s}' % str(elapsed(began)).encode()
