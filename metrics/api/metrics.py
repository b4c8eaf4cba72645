"""The routes of the metrics. Each brings the run's rows up to date first, as far as that goes in two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metrics.api import schemas
from metrics.api.requests import RowsQuery, SeriesQuery
from metrics.api.rows import elapsed, pending_header, rows_answer
from metrics.ingest.catch_up import catch_up
from metrics.query import series
from metrics.query.progress import progress
from metrics.query.series_view import Gone
from runicorn_site.web.schemas import PROBLEMS
from runs.models import Run
from runs.services.lookup import get_experiment, get_run

T = TypeVar("T")


class MetricsByTime(APIView):
    """The rows of a run by time."""

    @extend_schema(parameters=[RowsQuery], responses={200: schemas.Rows, **PROBLEMS})
    def get(self, request: Request, run_id: str) -> HttpResponseBase:
        """`{columns, rows, total, sampled}`: one row a `log()` call; `time` is in seconds since the first."""
        return _rows(request, run_id, series.rows_by_time)


class MetricsByStep(APIView):
    """The rows of a run by step."""

    @extend_schema(parameters=[RowsQuery], responses={200: schemas.Rows, **PROBLEMS})
    def get(self, request: Request, run_id: str) -> HttpResponseBase:
        """`{columns, rows, total, sampled}`: one row a step, `time` in Unix seconds; a value logged again counts."""
        return _rows(request, run_id, series.rows_by_step)


class CacheStats(APIView):
    """What the server keeps decoded of metrics."""

    @extend_schema(responses={200: schemas.CacheStats})
    def get(self, request: Request) -> Response:
        """Sizes in bytes; hits, misses and updates since the start, and their shares of all questions."""
        return Response(series.cache_stats())


class Progress(APIView):
    """How far a run has come."""

    @extend_schema(responses={200: schemas.Progress, **PROBLEMS})
    def get(self, request: Request, run_id: str) -> Response:
        """`{available, status, step?, total?, fraction?, eta_seconds?}`; the total is in the run's config."""
        run = get_run(run_id)
        pending = catch_up(run)
        return Response(progress(run), headers=pending_header(pending))


class RunSeries(APIView):
    """The series of a run for charts, under the address of its page."""

    @extend_schema(parameters=[SeriesQuery], responses={200: schemas.SeriesOfRun, **PROBLEMS})
    def get(self, request: Request, run_id: str) -> Response:
        """`{series: [{name, kind, count, min, max, last, x, y, special, stages?, band?}], last_row, …}`."""
        return _series(request, get_run(run_id))


class ExperimentSeries(APIView):
    """The series of a run for charts, each thinned by itself with its extremes kept."""

    @extend_schema(parameters=[SeriesQuery], responses={200: schemas.SeriesOfRun, **PROBLEMS})
    def get(self, request: Request, run_id: str) -> Response:
        """`{series: [{name, kind, count, min, max, last, x, y, special, stages?, band?}], last_row, …}`.

        `y` is null where a value is no finite number; `special` says which. Text is counted, `labels` names it.
        Where points were left out, `band` is `{x, low, high}`: between these lie all of them.
        With `after_row` only later points; when `generation` is another by now everything, and `reset: true`.
        """
        return _series(request, get_experiment(run_id))


def _rows(
    request: Request, run_id: str, reader: Callable[[Run, int | None], series.Rows]
) -> HttpResponseBase:
    query = RowsQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    run = get_run(run_id)
    pending = catch_up(run)
    downsample = query.validated_data.get("downsample")
    return once_more(lambda: rows_answer(request, reader(run, downsample), pending))


def _series(request: Request, run: Run) -> Response:
    began = time.perf_counter()
    query = SeriesQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    pending = catch_up(run)
    answer: dict[str, Any] = once_more(lambda: series.series(run, **query.validated_data))
    return Response(answer | {"query_time_ms": elapsed(began)}, headers=pending_header(pending))


def once_more(ask: Callable[[], T]) -> T:
    """What `ask` answers, from the new journal when the old one was replaced in the middle of reading."""
    try:
        return ask()
    except Gone:
        return ask()
