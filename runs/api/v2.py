"""V2 of the API, as far as it needs no metrics: the list of experiments and their deletion."""

from __future__ import annotations

import time

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn_site.web.pools import blocking
from runicorn_site.web.schemas import PROBLEMS
from runs.active_root import active_root
from runs.api import experiments, schemas_v2
from runs.api.requests_v2 import BatchDelete, ExperimentListQuery, SummaryQuery
from runs.api.runs import known_ids
from runs.query import analytics
from runs.services.dead_runs import refresh_before_listing
from runs.services.recycle_bin import soft_delete_runs


class ExperimentList(APIView):
    """The experiments of the store."""

    @extend_schema(
        operation_id="v2_experiments_list",
        parameters=[ExperimentListQuery],
        responses={200: schemas_v2.ExperimentPage, 400: PROBLEMS[400]},
    )
    def get(self, request: Request) -> Response:
        """One page of experiments, filtered and sorted. Those without the value that sorts come last."""
        began = time.perf_counter()
        query = ExperimentListQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        root = active_root()
        refresh_before_listing(root)
        answer = experiments.page(root, query.validated_data)
        return Response(answer | {"query_time_ms": round((time.perf_counter() - began) * 1000, 2)})


# A thousand markers are synced to disk one by one.
@blocking
class BatchDeletion(APIView):
    """Experiments on their way into the recycle bin."""

    @extend_schema(request=BatchDelete, responses={200: schemas_v2.BatchDeleted, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """Put up to 1000 experiments into the recycle bin; an id that is none deletes nothing."""
        body = BatchDelete(data=request.data)
        body.is_valid(raise_exception=True)
        root, asked = active_root(), body.validated_data
        run_ids = known_ids(root, asked["exp_ids"], "exp_ids")
        reason = asked["reason"] or "user_batch_delete"
        results = soft_delete_runs(root=root, run_ids=run_ids, reason=reason)
        return Response(experiments.deletion(results))


class AnalyticsSummary(APIView):
    """Figures over many experiments."""

    @extend_schema(parameters=[SummaryQuery], responses={200: schemas_v2.Summary, 400: PROBLEMS[400]})
    def get(self, request: Request) -> Response:
        """How many there are and how they ended, their durations, the runs of each day, the best, and bytes on disk."""
        query = SummaryQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked, root = query.validated_data, active_root()
        refresh_before_listing(root)
        return Response(analytics.summary(root, asked.get("project") or None, asked["days"]))
