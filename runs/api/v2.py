"""Routes of version 2 that need no metrics: list, deletion and statistics of experiments."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from runicorn.api.responses.analytics import AnalyticsSummary
from runicorn.api.responses.experiments import BatchDeletion, ExperimentPage, WhereCompletion
from runicorn_site.web.access import Scope
from runicorn_site.web.arrow import as_arrow, rows_of_runs
from runicorn_site.web.conditional import conditional
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import blocking
from runs.active_root import active_root
from runs.api import experiments
from runs.api.requests_v2 import BatchDelete, CompletionQuery, ExperimentListQuery, SummaryQuery
from runs.api.runs import ERRORS, known_ids
from runs.query import analytics
from runs.services.dead_runs import refresh_before_listing
from runs.services.recycle_bin import soft_delete_runs


@conditional(looks=True)
@as_arrow(rows_of_runs)
@route(
    "GET",
    scope=Scope.READ,
    query=ExperimentListQuery,
    returns=ExperimentPage,
    errors=[400],
    operation_id="v2_experiments_list",
)
def experiment_list_view(request: Request, query: dict[str, Any]) -> Response:
    """List one page of experiments, filtered and sorted. Those without the sort value come last.

    `Accept: application/vnd.apache.arrow.stream` gets a table instead, with `details=true` also of config and metrics.
    """
    root = active_root()
    refresh_before_listing(root)
    # The page for browsers indents rows, which JSON in parts does not allow.
    is_json = request.accepted_renderer.format == "json"
    return Response(experiments.page(root, query, encoded=is_json))


# A thousand markers are synced to disk one by one.
@blocking
@route("POST", scope=Scope.ADMIN, body=BatchDelete, returns=BatchDeletion, errors=ERRORS)
def batch_delete_view(request: Request, body: dict[str, Any]) -> Response:
    """Move up to 1000 experiments to the recycle bin. If any id is malformed, nothing is deleted."""
    root = active_root()
    run_ids = known_ids(root, body["exp_ids"], "exp_ids")
    reason = body["reason"] or "user_batch_delete"
    results = soft_delete_runs(root=root, run_ids=run_ids, reason=reason)
    return Response(experiments.deletion(results))


@route("GET", scope=Scope.READ, query=SummaryQuery, returns=AnalyticsSummary, errors=[400])
def analytics_summary_view(request: Request, query: dict[str, Any]) -> Response:
    """Count experiments by status, project and day, with durations, best runs and bytes on disk."""
    root = active_root()
    refresh_before_listing(root)
    return Response(analytics.summary(root, query.get("project") or None, query["days"]))


@route("GET", scope=Scope.READ, query=CompletionQuery, returns=WhereCompletion, errors=[400])
def where_completion_view(request: Request, query: dict[str, Any]) -> Response:
    """Check an expression, count the runs that match, and list words for the place of the cursor."""
    return Response(experiments.completion(active_root(), **query))
