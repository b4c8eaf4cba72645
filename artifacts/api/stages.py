"""Routes of lifecycle stages, evaluations, and results of the runs that made versions."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from artifacts.api.artifacts import ERRORS, StoreView
from artifacts.api.requests import EvaluationBody, EvaluationsQuery, HistoryQuery, OfType, PromotionBody
from artifacts.errors import NotFound
from artifacts.services import evaluations, lookup, stages
from runicorn.api.responses import artifacts as responses
from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import endpoint


class Promote(StoreView):
    """The lifecycle stage of a version."""

    @endpoint(scope=Scope.CURATE, query=OfType, body=PromotionBody, returns=responses.Promoted, errors=ERRORS)
    def post(
        self, request: Request, name: str, number: int, query: dict[str, Any], body: dict[str, Any]
    ) -> Response:
        """Move a version to another stage: experimental, staging, production or archived."""
        version = lookup.get_version(name, number, query.get("type"))
        before = version.stage
        to_stage, notes, run = body["to_stage"], body.get("notes"), body.get("evaluator_run_id")
        stages.promote(version=version, to_stage=to_stage, notes=notes, evaluator_run_id=run)
        message = f"Successfully promoted to {to_stage}"
        return Response(
            responses.Promoted(
                ok=True, artifact=str(version), from_stage=before, to_stage=to_stage, message=message
            )
        )


class Evaluate(StoreView):
    """A new evaluation of a version."""

    @endpoint(
        scope=Scope.CURATE, query=OfType, body=EvaluationBody, returns=responses.Evaluated, errors=ERRORS
    )
    def post(
        self, request: Request, name: str, number: int, query: dict[str, Any], body: dict[str, Any]
    ) -> Response:
        """Record an evaluation of a version."""
        version = lookup.get_version(name, number, query.get("type"))
        record = evaluations.evaluate(version=version, evaluation=body)
        message = "Evaluation recorded successfully"
        return Response(responses.Evaluated(ok=True, eval_id=record["id"], message=message))


class Evaluations(StoreView):
    """The evaluations of an artifact."""

    @endpoint(scope=Scope.READ, query=EvaluationsQuery, returns=list[responses.Evaluation], errors=ERRORS)
    def get(self, request: Request, name: str, query: dict[str, Any]) -> Response:
        """List the evaluations of all versions or of one, newest first."""
        artifact = lookup.get_artifact(name, query.get("type"))
        return Response(evaluations.list_evaluations(artifact, query.get("version")))


class TrainingMetrics(StoreView):
    """The results of the run that made a version."""

    @endpoint(
        scope=Scope.READ, query=EvaluationsQuery, returns=responses.TrainingResult | None, errors=ERRORS
    )
    def get(self, request: Request, name: str, query: dict[str, Any]) -> Response:
        """Return summary and times of the run that made a version, by default the latest; null without such a run or version."""
        artifact = lookup.get_artifact(name, query.get("type"))
        number = query.get("version") or artifact.latest
        if number is None:
            raise NotFound("No versions found for artifact: {name}", name=name)
        version = lookup.find_version(artifact, number)
        return Response(None if version is None else evaluations.training_result(version))


class PerformanceHistory(StoreView):
    """The results of an artifact over its versions."""

    @endpoint(scope=Scope.READ, query=HistoryQuery, returns=list[responses.VersionPerformance], errors=ERRORS)
    def get(self, request: Request, name: str, query: dict[str, Any]) -> Response:
        """Return the numbers in the summary of each version's run, by version; one metric with `metric_name`."""
        return Response(
            evaluations.performance_history(
                lookup.get_artifact(name, query.get("type")), query.get("metric_name")
            )
        )
