"""What V2 answers about metrics: filtered rows of a run, and the curves of many runs at once."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metrics.api import schemas
from metrics.api.metrics import once_more
from metrics.api.requests import FastQuery, OverlayQuery
from metrics.api.rows import elapsed, filtered_rows_answer, pending_header
from metrics.ingest.catch_up import catch_up, catch_up_several
from metrics.query import overlay, selection, series
from runicorn_site.web.schemas import PROBLEMS
from runs.active_root import active_root
from runs.api.runs import known_ids
from runs.services.lookup import get_experiment


class MetricsFast(APIView):
    """The rows of an experiment, filtered."""

    @extend_schema(parameters=[FastQuery], responses={200: schemas.FastRows, **PROBLEMS})
    def get(self, request: Request, run_id: str) -> HttpResponseBase:
        """Rows by step: only some metrics, only a stretch of steps, thinned to at most `downsample` rows.

        `total_points` are the rows of the stretch before thinning. Every metric keeps its highest and its lowest.
        """
        began = time.perf_counter()
        query = FastQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        run, asked = get_experiment(run_id), query.validated_data
        pending = catch_up(run)

        def answer() -> HttpResponseBase:
            rows = series.rows_by_step(
                run, asked.get("downsample"), asked.get("metric_names"), asked.get("step_range")
            )
            filters = {
                "metrics": _named(asked.get("metric_names"), rows.columns),
                "step_range": asked.get("step_range"),
                "downsampled": "downsample" in asked,
            }
            return filtered_rows_answer(request, rows, filters, pending, began)

        return once_more(answer)


class Overlay(APIView):
    """The curves of many runs in one answer."""

    @extend_schema(parameters=[OverlayQuery], responses={200: schemas.Overlay, **PROBLEMS})
    def get(self, request: Request) -> Response:
        """Series of several runs, each thinned by itself, and with `group_by` what they are like by group.

        Runs that are unknown or in the recycle bin are named in `missing`; an id that is none is bad input.
        Groups: at common places along x the mean, the extremes and quantiles of those runs that reach there.
        """
        began = time.perf_counter()
        query = OverlayQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = dict(query.validated_data)
        found = selection.choose(active_root(), known_ids(active_root(), asked.pop("ids"), "ids"))
        pending = catch_up_several(found.runs)
        answer = once_more(lambda: overlay.curves(found, **asked))
        return Response(answer | {"query_time_ms": elapsed(began)}, headers=pending_header(pending))


def _named(names: Sequence[str] | None, columns: Sequence[str]) -> list[str] | None:
    """The names as a person gave them: a list with commas is no name, unless there is a metric of that name."""
    return None if names is None else [name for name in names if "," not in name or name in columns]
