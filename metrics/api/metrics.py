"""Routes of the metrics of one run. Each ingests the journal first, for at most about two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.api.conditional import while_unchanged
from metrics.api.requests import RowsQuery, SeriesQuery
from metrics.api.rows import elapsed, pending_header, rows_answer
from metrics.ingest.catch_up import catch_up
from metrics.query import series
from metrics.query.progress import progress
from metrics.query.series_view import JournalReplaced
from metrics.store.cache import cache
from runicorn.api.responses.metrics import CacheStatistics, MetricRows, RunProgress, SeriesAnswer
from runicorn_site.web.access import Scope
from runicorn_site.web.arrow import as_arrow, points_of_series
from runicorn_site.web.conditional import conditional
from runicorn_site.web.endpoint import route
from runs.models import Run
from runs.services.lookup import get_experiment, get_run

RUN_ERRORS = (400, 403, 404)
T = TypeVar("T")


@conditional(looks=False)
@route("GET", scope=Scope.READ, query=RowsQuery, returns=MetricRows, errors=RUN_ERRORS)
def metrics_by_time(request: Request, run_id: str, query: dict[str, Any]) -> HttpResponseBase:
    """Return `{columns, rows, total, sampled}`: one row per `log()` call; `time` is in seconds since the first row."""
    return _rows(request, run_id, query, series.rows_by_time)


@conditional(looks=False)
@route("GET", scope=Scope.READ, query=RowsQuery, returns=MetricRows, errors=RUN_ERRORS)
def metrics_by_step(request: Request, run_id: str, query: dict[str, Any]) -> HttpResponseBase:
    """Return `{columns, rows, total, sampled}`: one row per step, `time` in Unix seconds; later values replace earlier ones."""
    return _rows(request, run_id, query, series.rows_by_step)


@route("GET", scope=Scope.READ, returns=CacheStatistics)
def cache_stats(request: Request) -> Response:
    """Return sizes in bytes; hits, misses and updates since the start, and their shares of all lookups."""
    return Response(cache.stats())


@route("GET", scope=Scope.READ, returns=RunProgress, errors=RUN_ERRORS)
def progress_view(request: Request, run_id: str) -> Response:
    """Return `{available, status, step?, total?, fraction?, eta_seconds?}`; the total is read from the run's config."""
    run = get_run(run_id)
    pending = catch_up(run)
    return Response(progress(run), headers=pending_header(pending))


@conditional(looks=False)
@route("GET", scope=Scope.READ, query=SeriesQuery, returns=SeriesAnswer, errors=RUN_ERRORS)
def run_series(request: Request, run_id: str, query: dict[str, Any]) -> Response:
    """Return `{series: [{name, kind, count, min, max, last, x, y, special, stages?, band?}], last_row, …}`."""
    return _series(get_run(run_id), query)


@conditional(looks=False)
@as_arrow(points_of_series)
@route("GET", scope=Scope.READ, query=SeriesQuery, returns=SeriesAnswer, errors=RUN_ERRORS)
def experiment_series(request: Request, run_id: str, query: dict[str, Any]) -> Response:
    """Return `{series: [{name, kind, count, min, max, last, x, y, special, stages?, band?}], last_row, …}`.

    `y` is null where a value is not a finite number; `special` names the value. Text values are indexes into `labels`.
    For a downsampled series `band` is `{x, low, high}`, the range of all its points.
    With `after_row` only later points; if `generation` has changed, all points and `reset: true`.
    """
    return _series(get_experiment(run_id), query)


def _rows(
    request: Request,
    run_id: str,
    query: dict[str, Any],
    read_rows: Callable[[Run, int | None], series.Rows],
) -> HttpResponseBase:
    run = get_run(run_id)
    while_unchanged([run])
    pending = catch_up(run)
    downsample = query.get("downsample")
    return retry_if_replaced(lambda: rows_answer(request, read_rows(run, downsample), pending))


def _series(run: Run, query: dict[str, Any]) -> Response:
    began = time.perf_counter()
    while_unchanged([run])
    pending = catch_up(run)
    answer = retry_if_replaced(lambda: series.run_series(run, **query))
    timed: SeriesAnswer = {**answer, "query_time_ms": elapsed(began)}
    return Response(timed, headers=pending_header(pending))


def retry_if_replaced(read: Callable[[], T]) -> T:
    """Call `read` again if the journal was replaced while it ran."""
    try:
        return read()
    except JournalReplaced:
        return read()
