"""Route of one experiment in V2, with statistics of its metrics."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from metrics.api.metrics import RUN_ERRORS
from metrics.api.rows import pending_header
from metrics.ingest.catch_up import catch_up
from metrics.models import Journal, Series
from metrics.store.lanes import Lane
from runicorn.api.responses.experiments import ExperimentOverview, MetricsSummary, StepRange
from runicorn_site.web.access import Scope
from runicorn_site.web.conditional import conditional, is_not_remembered
from runicorn_site.web.endpoint import route
from runs.api import experiments
from runs.models import Run
from runs.services.lookup import get_experiment


def metrics_summary(run: Run) -> MetricsSummary:
    """Count the ingested points and list the metrics, without system metrics.

    `step_range` covers all lines with a step, and is omitted without any.
    """
    generation = Journal.objects.filter(run=run).values("generation")[:1]
    lanes = (Lane.ROWS, Lane.METRIC, Lane.STEPLESS)
    series = Series.objects.filter(run=run, generation=generation, lane__in=lanes)
    names: set[str] = set()
    summary = MetricsSummary(total_data_points=0, available_metrics=[])
    for lane, name, count, lowest, highest in series.values_list(
        "lane", "name", "count", "first_step", "top_step"
    ):
        if lane != Lane.ROWS:
            summary["total_data_points"] += count
            names.add(name)
        elif lowest is not None and highest is not None:
            summary["step_range"] = StepRange(min=lowest, max=highest)
    summary["available_metrics"] = sorted(names)
    return summary


@conditional(looks=False)
@route("GET", scope=Scope.READ, returns=ExperimentOverview, errors=RUN_ERRORS)
def experiment_detail(request: Request, run_id: str) -> Response:
    """Get an experiment as its files are now, deleted ones too, with statistics of its metrics."""
    run = get_experiment(run_id, deleted=True)
    is_not_remembered()  # files are counted
    pending = catch_up(run)
    answer = ExperimentOverview(
        experiment=experiments.experiment_of(run),
        metrics_summary=metrics_summary(run),
        environment_available=run.environment_available,
        file_count=experiments.count_files(run),
    )
    return Response(answer, headers=pending_header(pending))
