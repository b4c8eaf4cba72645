"""Routes of samples: sets of a run, pages of a set, comparison of runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from runicorn.api.responses.samples import SampleComparison, SamplePage, SampleSet, SampleSets
from runicorn_site.web.access import Scope
from runicorn_site.web.conditional import conditional, is_not_remembered
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import blocking
from runs.services.lookup import get_experiment
from samples.api.requests import ComparisonQuery, SampleQuery
from samples.query import comparison, condition_check, table
from samples.query.json_rows import strict
from samples.query.opening import sample_of
from samples.query.rows import cut_row
from samples.query.table import Filter
from samples.services import indexing
from samples.store.piece import Piece

ERRORS = (400, 404, 503)


@conditional(looks=False)
@blocking
@route("GET", scope=Scope.READ, returns=SampleSets, errors=ERRORS, operation_id="v2_samples_sets")
def sample_sets_view(request: Request, run_id: str) -> Response:
    """List the sample sets of a run with their steps and columns."""
    run = get_experiment(run_id)
    is_not_remembered()  # samples are in files, and their index follows them
    sets: list[SampleSet] = []
    for name in indexing.names(run):
        with indexing.open_pieces(run, name) as (_, pieces, pending):
            sets.append(
                {
                    "name": name,
                    "steps": table.steps_of(pieces),
                    "rows": sum(piece.rows for piece in pieces),
                    "columns": table.columns_of(pieces),
                    "pending": pending,
                }
            )
    return Response(SampleSets(samples=sets))


@conditional(looks=False)
@blocking
@route(
    "GET",
    scope=Scope.READ,
    query=SampleQuery,
    returns=SamplePage,
    errors=ERRORS,
    operation_id="v2_samples_rows",
)
def sample_rows_view(request: Request, run_id: str, name: str, query: dict[str, Any]) -> Response:
    """Return one page of samples. Texts are cut at 2,000 characters and lists at as many elements unless `full`.

    A sample that was cut has `_cut`. Samples without the column of `order_by` come last.
    """
    began = time.perf_counter()
    run = get_experiment(run_id)
    is_not_remembered()
    number, size = query["page"], query["per_page"]
    with indexing.open_pieces(run, name) as (index, pieces, pending):
        if "row" in query:
            rows = [sample_of(run, name, index, pieces, query["row"])]
            page = table.Page(rows, 1, True, False)
        else:
            selection = selection_of(query, pieces)
            page = table.page(index.source, selection, number, size)
    answer: SamplePage = {
        "rows": [row if query["full"] else cut_row(row) for row in page.rows],
        "total": page.total,
        "total_is_exact": page.is_exact,
        "page": number,
        "per_page": size,
        "has_next": page.has_next,
        "pending": pending,
        "query_time_ms": round((time.perf_counter() - began) * 1000, 2),
    }
    return Response(strict(answer))


@conditional(looks=False)
@blocking
@route(
    "GET",
    scope=Scope.READ,
    query=ComparisonQuery,
    returns=SampleComparison,
    errors=ERRORS,
    operation_id="v2_samples_compare",
)
def compare_view(request: Request, query: dict[str, Any]) -> Response:
    """Return the same samples of several runs side by side, those whose reward fell first."""
    is_not_remembered()
    answer = comparison.compare(
        query["runs"], query["name"], query.get("sample"), query.get("step"), query["limit"]
    )
    return Response(strict(answer))


def filter_of(query: dict[str, Any], pieces: Sequence[Piece]) -> Filter:
    """Return the filter of a validated query.

    Raises:
        BadSampleQuery: its condition is about a column that no sample has, or of another kind.
    """
    node = query.get("where")
    condition_check.check_condition(node, pieces)
    return Filter(query.get("step"), query.get("sample"), node, query.get("q", ""))


def selection_of(query: dict[str, Any], pieces: Sequence[Piece]) -> table.Selection:
    """Return the samples of a validated query, in its order up to the end of its page.

    Raises:
        BadSampleQuery: as `filter_of`, or no sample has the column of the order.
    """
    selection = table.select(pieces, filter_of(query, pieces))
    order = query.get("order_by")
    if not order:
        return selection
    condition_check.check_order(order.removeprefix("-"), pieces)
    return table.ordered(selection, order, query["page"] * query["per_page"])
