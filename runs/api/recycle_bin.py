"""The API of the recycle bin, and the older routes of experiments that write into it."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.api.responses.recycle_bin import EmptiedRecycleBin
from runicorn.api.responses.recycle_bin import RecycleBin as RecycleBinResponse
from runicorn_site.web.endpoint import endpoint
from runicorn_site.web.pools import blocking
from runicorn_site.web.schemas import PROBLEMS, Problem
from runicorn_site.web.streaming import json_list
from runs.active_root import active_root
from runs.api import responses, schemas
from runs.api.requests import DeleteExperiments, EmptyBin, ExperimentSearch, TagExperiment
from runs.api.runs import known_ids
from runs.query.find import find_runs
from runs.services.curation import edit_run
from runs.services.lookup import get_run
from runs.services.recycle_bin import empty_recycle_bin, remove_runs, soft_delete_runs
from runs.services.write_through import count_successes


class RecycleBin(APIView):
    """The recycle bin."""

    @endpoint(returns=RecycleBinResponse)
    def get(self, request: Request) -> HttpResponseBase:
        """Deleted runs, the last deletion first."""
        return json_list(request, responses.deleted_runs(active_root()), name="deleted_runs")


# Removing thousands of folders takes as long as the disk does.
@blocking
class EmptyRecycleBin(APIView):
    """The end of the runs in the recycle bin."""

    @endpoint(body=EmptyBin, returns=EmptiedRecycleBin)
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Remove every deleted run from the disk. This cannot be undone."""
        results = empty_recycle_bin(root=active_root())
        done = count_successes(results)
        failed = {run_id: result["error"] for run_id, result in results.items() if not result["success"]}
        message = f"Permanently deleted {done} runs"
        return Response(EmptiedRecycleBin(permanently_deleted=done, message=message, failed=failed))


class ExperimentTag(APIView):
    """The tags of one run."""

    @extend_schema(request=TagExperiment, responses={200: schemas.Success, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """Add tags to a run, or with `append=false` put them in the place of those it has."""
        body = TagExperiment(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        run = get_run(asked["run_id"])
        edit_run(run=run, tags=asked["tags"], keep_tags=asked["append"])
        return Response({"success": True})


class ExperimentsFound(APIView):
    """Runs by text and tags."""

    @extend_schema(parameters=[ExperimentSearch], responses={200: schemas.Experiments, 400: Problem})
    def get(self, request: Request) -> HttpResponseBase:
        """Runs that have all tags and all words, the last updated first."""
        query = ExperimentSearch(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        found = find_runs(
            active_root(),
            project=asked.get("project") or None,
            tags=asked.get("tags", ()),
            search=asked.get("text", ""),
            archived=None if asked["archived"] else False,
        )
        return json_list(request, responses.found_experiments(found.runs), name="experiments")


class DeletedExperiments(APIView):
    """Runs to be deleted."""

    @extend_schema(request=DeleteExperiments, responses={200: schemas.Deleted, **PROBLEMS})
    def delete(self, request: Request) -> Response:
        """Put runs into the recycle bin; with `force` remove them from the disk."""
        body = DeleteExperiments(data=request.data)
        body.is_valid(raise_exception=True)
        root, asked = active_root(), body.validated_data
        run_ids = list(dict.fromkeys(known_ids(root, asked["run_ids"])))
        results = soft_delete_runs(root=root, run_ids=run_ids)
        if asked["force"]:
            results = remove_runs(root=root, run_ids=run_ids)
        return Response({"results": {run_id: result["success"] for run_id, result in results.items()}})
