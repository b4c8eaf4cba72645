"""Data that the page of samples fetches: previews, groups, distributions, documents, texts and tokens."""

from __future__ import annotations

import json
import time
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import blocking
from runicorn_site.web.serializers import Query
from runs.services.lookup import get_run
from samples.api.requests import SampleQuery, SelectionQuery
from samples.api.views import filter_of, selection_of
from samples.errors import NoSuchSample
from samples.query import document, grouping, summary, table, tokens
from samples.query.comparison import score_column
from samples.query.json_rows import strict
from samples.query.opening import open_sample
from samples.query.rows import cut_row
from samples.services import indexing
from samples.store.fields import fields_of

PREVIEW = 240
"""Characters of a text in the table."""


class RowQuery(Query):
    """One sample."""

    row = serializers.IntegerField(min_value=0, max_value=2**62)


class TextQuery(RowQuery):
    """A window of a text of a sample."""

    path = serializers.JSONField()
    start = serializers.IntegerField(default=0, min_value=0)


class TokenQuery(RowQuery):
    """A window of tokens of a sample."""

    start = serializers.IntegerField(default=0, min_value=0)
    size = serializers.IntegerField(default=tokens.WINDOW, min_value=1, max_value=5000)
    stream = serializers.CharField(default="", max_length=256)


@blocking
@route("GET", scope=Scope.READ, query=SampleQuery)
def rows_view(request: Request, run_id: str, name: str, query: dict[str, Any]) -> Response:
    """Return a page of the table: samples with short texts, and how long they took to find."""
    began = time.perf_counter()
    number, size = query["page"], query["per_page"]
    with indexing.open_pieces(get_run(run_id), name) as (index, pieces, pending):
        selection = selection_of(query, pieces)
        page = table.page(index.source, selection, number, size)
    answer = {
        "rows": [{**cut_row(row, PREVIEW, "…"), "_values": dict(fields_of(row))} for row in page.rows],
        "total": page.total,
        "exact": page.is_exact,
        "next": page.has_next,
        "pending": pending,
        "ms": round((time.perf_counter() - began) * 1000),
    }
    return Response(strict(answer))


@blocking
@route("GET", scope=Scope.READ, query=SampleQuery)
def groups_view(request: Request, run_id: str, name: str, query: dict[str, Any]) -> Response:
    """Return a page of groups of one prompt, with the spread of their rewards."""
    with indexing.open_pieces(get_run(run_id), name) as (index, pieces, pending):
        selection = table.verified(index.source, table.select(pieces, filter_of(query, pieces)))
        with table.Lines(index.source, pieces) as lines:
            answer = grouping.page(
                lines,
                selection,
                score_column(pieces),
                query.get("order_by", ""),
                query["page"],
                query["per_page"],
            )
    return Response(strict({**answer, "pending": pending}))


@blocking
@route("GET", scope=Scope.READ, query=SelectionQuery)
def summary_view(request: Request, run_id: str, name: str, query: dict[str, Any]) -> Response:
    """Return distributions at a step, and number and mean reward of every step."""
    with indexing.open_pieces(get_run(run_id), name) as (index, pieces, pending):
        unreadable = index.unreadable(pieces)
        step = query.pop("step", None)
        answer = summary.summary(pieces, step, filter_of(query, pieces))
        columns = table.columns_of(pieces)
    return Response(strict({**answer, "columns": columns, "pending": pending, "unreadable": unreadable}))


@blocking
@route("GET", scope=Scope.READ, query=RowQuery)
def document_view(request: Request, run_id: str, name: str, query: dict[str, Any]) -> Response:
    """Return a sample as a document."""
    row = open_sample(get_run(run_id), name, query["row"])
    return Response(strict(document.document(row)))


@blocking
@route("GET", scope=Scope.READ, query=TextQuery)
def text_view(request: Request, run_id: str, name: str, query: dict[str, Any]) -> Response:
    """Return a window of a text of a sample; the whole sample as JSON for the path `[]`.

    Raises:
        NoSuchSample: there is nothing at the path.
    """
    path = query["path"]
    row = open_sample(get_run(run_id), name, query["row"])
    try:
        if not isinstance(path, list) or not all(isinstance(part, str | int) for part in path):
            raise TypeError
        return Response(strict(document.text_at(row, path, query["start"])))
    except (LookupError, TypeError) as error:
        raise NoSuchSample(json.dumps(path)[:100]) from error


@blocking
@route("GET", scope=Scope.READ, query=TokenQuery)
def tokens_view(request: Request, run_id: str, name: str, query: dict[str, Any]) -> Response:
    """Return a window of the tokens of a sample, with the values of all streams."""
    row = open_sample(get_run(run_id), name, query["row"])
    return Response(strict(tokens.tokens(row, query["start"], query["size"], query["stream"])))
