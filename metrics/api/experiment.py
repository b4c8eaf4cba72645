"""Route of one experiment in V2, with statistics of its metrics."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metrics.api.metrics import RUN_ERRORS
from metrics.api.rows import pending_header
from metrics.ingest.catch_up import catch_up
from metrics.query.summary import metrics_summary
from runicorn.api.responses.experiments import ExperimentOverview
from runicorn_site.web.endpoint import endpoint
from runs.api import experiments
from runs.services.lookup import get_experiment


class ExperimentDetail(APIView):
    """One experiment."""

    @endpoint(returns=ExperimentOverview, errors=RUN_ERRORS)
    def get(self, request: Request, run_id: str) -> Response:
        """Get an experiment as its files are now, deleted ones too, with statistics of its metrics."""
        run = get_experiment(run_id, deleted=True)
        pending = catch_up(run)
        answer = ExperimentOverview(
            experiment=experiments.experiment_of(run),
            metrics_summary=metrics_summary(run),
            environment_available=run.environment_available,
            file_count=experiments.count_files(run),
        )
        return Response(answer, headers=pending_header(pending))
