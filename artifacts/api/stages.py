"""The API of the life of a model: its stages, evaluations, and what its runs say."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from artifacts import services
from artifacts.api import schemas
from artifacts.api.artifacts import PROBLEMS, StoreView, asked, given
from artifacts.api.requests import Evaluation, EvaluationsQuery, HistoryQuery, OfType, Promotion
from artifacts.errors import NotFound
from artifacts.services import stages


class Promote(StoreView):
    """A step in the life of a version."""

    @extend_schema(parameters=[OfType], request=Promotion, responses={200: schemas.Promoted, **PROBLEMS})
    def post(self, request: Request, name: str, number: int) -> Response:
        """Take a version to another stage: experimental, staging, production or archived."""
        version = services.get_version(name, number, asked(OfType, request).get("type"))
        body, before = given(Promotion, request), version.stage
        to_stage, notes, run = body["to_stage"], body.get("notes"), body.get("evaluator_run_id")
        services.promote(version=version, to_stage=to_stage, notes=notes, evaluator_run_id=run)
        return Response(
            {
                "ok": True,
                "artifact": str(version),
                "from_stage": before,
                "to_stage": to_stage,
                "message": f"Successfully promoted to {to_stage}",
            }
        )


class Evaluate(StoreView):
    """A new evaluation of a version."""

    @extend_schema(parameters=[OfType], request=Evaluation, responses={200: schemas.Evaluated, **PROBLEMS})
    def post(self, request: Request, name: str, number: int) -> Response:
        """Record how a version did."""
        version = services.get_version(name, number, asked(OfType, request).get("type"))
        record = services.evaluate(version=version, evaluation=given(Evaluation, request))
        return Response({"ok": True, "eval_id": record["id"], "message": "Evaluation recorded successfully"})


class Evaluations(StoreView):
    """The evaluations of an artifact."""

    @extend_schema(
        parameters=[EvaluationsQuery], responses={200: schemas.EvaluationItem(many=True), **PROBLEMS}
    )
    def get(self, request: Request, name: str) -> Response:
        """Of all its versions or of one, the newest first."""
        query = asked(EvaluationsQuery, request)
        artifact = services.get_artifact(name, query.get("type"))
        return Response(stages.evaluations(artifact, query.get("version")))


class TrainingMetrics(StoreView):
    """What the run that made a version says."""

    @extend_schema(parameters=[EvaluationsQuery], responses={200: schemas.TrainingMetrics, **PROBLEMS})
    def get(self, request: Request, name: str) -> Response:
        """Summary and times of the run that made a version, by default the latest; null without such a run or version."""
        query = asked(EvaluationsQuery, request)
        artifact = services.get_artifact(name, query.get("type"))
        number = query.get("version") or artifact.latest
        if number is None:
            raise NotFound(f"No versions found for artifact: {name}")
        version = services.find_version(artifact, number)
        return Response(None if version is None else stages.training(version))


class PerformanceHistory(StoreView):
    """The figures of an artifact over its versions."""

    @extend_schema(parameters=[HistoryQuery], responses={200: schemas.HistoryItem(many=True), **PROBLEMS})
    def get(self, request: Request, name: str) -> Response:
        """The numbers in the summary of each version's run, by version; of one metric with `metric_name`."""
        query = asked(HistoryQuery, request)
        return Response(
            stages.history(services.get_artifact(name, query.get("type")), query.get("metric_name"))
        )
