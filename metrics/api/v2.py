"""Routes of V2: filtered rows of a run, and series of many runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.api.conditional import while_unchanged
from metrics.api.metrics import RUN_ERRORS, retry_if_replaced
from metrics.api.requests import FastQuery, OverlayQuery
from metrics.api.rows import elapsed, filtered_rows_answer, pending_header
from metrics.ingest.catch_up import catch_up, catch_up_several
from metrics.query import overlay, series
from metrics.query.limits import MOST_SERIES, TOO_MUCH
from runicorn.api.responses.metrics import ComparedSeries, FilteredRows, RowFilters
from runicorn_site.web.access import Scope
from runicorn_site.web.arrow import as_arrow, points_of_series
from runicorn_site.web.conditional import conditional
from runicorn_site.web.endpoint import route
from runs.active_root import active_root
from runs.api.runs import known_ids
from runs.query.find import find_runs
from runs.query.where.ast import Node
from runs.services.lookup import get_experiment
from runs.services.selection import Selection, select_runs


@conditional(looks=False)
@route("GET", scope=Scope.READ, query=FastQuery, returns=FilteredRows, errors=RUN_ERRORS)
def metrics_fast(request: Request, run_id: str, query: dict[str, Any]) -> HttpResponseBase:
    """Return rows by step for some metrics and a range of steps, downsampled to at most `downsample` rows.

    `total_points` is the number of rows in the range before sampling. The extremes of every metric are kept.
    """
    began = time.perf_counter()
    run, names, step_range = get_experiment(run_id), query.get("metric_names"), query.get("step_range")
    while_unchanged([run])
    pending = catch_up(run)

    def answer() -> HttpResponseBase:
        rows = series.rows_by_step(run, query.get("downsample"), names, step_range)
        filters: RowFilters = {
            "metrics": _known_names(names, rows.columns),
            "step_range": step_range,
            "downsampled": "downsample" in query,
        }
        return filtered_rows_answer(request, rows, filters, pending, began)

    return retry_if_replaced(answer)


@conditional(looks=False)
@as_arrow(points_of_series)
@route("GET", scope=Scope.READ, query=OverlayQuery, returns=ComparedSeries, errors=RUN_ERRORS)
def overlay_view(request: Request, query: dict[str, Any]) -> Response:
    """Return series of several runs, each downsampled separately, and with `group_by` statistics of groups.

    Unknown and deleted runs are listed in `missing`; a malformed id is an error.
    Groups have the mean, extremes and quantiles at common positions, over the runs that reach there.
    """
    began = time.perf_counter()
    runs = _selected(query.pop("ids", None), query.pop("project", None), query.pop("where", None))
    if not runs.missing:  # one of them may appear without a row that changes
        while_unchanged(runs.runs)
    pending = catch_up_several(runs.runs)
    answer = retry_if_replaced(lambda: overlay.compare_series(runs, **query))
    timed: ComparedSeries = {**answer, "query_time_ms": elapsed(began)}
    return Response(timed, headers=pending_header(pending))


def _selected(ids: list[str] | None, project: str | None, where: Node | None) -> Selection:
    """Return the runs of ids, or those that match, newest first."""
    root = active_root()
    if ids is not None:
        return select_runs(root, known_ids(root, ids, "ids"))
    runs = list(find_runs(root, project=project, where=where).runs.newest()[: MOST_SERIES + 1])
    if len(runs) > MOST_SERIES:
        raise ValidationError({"where": [TOO_MUCH]})
    for run in runs:
        run.root = root
    return Selection(runs, [])


def _known_names(names: Sequence[str] | None, columns: Sequence[str]) -> list[str] | None:
    """Return the requested names; a text with commas is a list, unless a metric has exactly that name."""
    return None if names is None else [name for name in names if "," not in name or name in columns]
