"""The API of the runs and their projects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.store import layout
from runicorn_site.web.schemas import PROBLEMS, Problem
from runicorn_site.web.streaming import json_list
from runs.active_root import active_root
from runs.api import responses, schemas
from runs.api.requests import Restore, RunEdit, RunListQuery, SoftDelete, TagRuns
from runs.errors import InvalidRunId
from runs.index import discovery
from runs.models import Run, StorageRoot
from runs.query import counts, projects
from runs.query.find import find_runs
from runs.query.matches import Matches
from runs.query.ordering import Ordered
from runs.services.curation import edit_run, tag_runs
from runs.services.dead_runs import refresh_before_listing
from runs.services.lookup import get_run
from runs.services.recycle_bin import restore_runs, soft_delete_runs
from runs.services.write_through import count_successes

TOTAL = OpenApiParameter("X-Total-Count", OpenApiTypes.INT, OpenApiParameter.HEADER, response=[200])


def known_ids(root: StorageRoot, run_ids: list[str], field: str = "run_ids") -> list[str]:
    """The ids that came in `field`, each of which is that of a run or could be.

    Raises:
        InvalidRunId: one that is neither.
    """
    odd = [run_id for run_id in run_ids if not layout.is_run_id(run_id)]
    known = Run.objects.in_root(root).filter(run_id__in=odd).values_list("run_id", flat=True)
    for run_id in set(odd) - set(known):
        if discovery.refresh_run(root, run_id) is None:
            raise InvalidRunId(run_id, field)
    return run_ids


class RunList(APIView):
    """The runs of the store."""

    @extend_schema(
        parameters=[RunListQuery, TOTAL], responses={200: schemas.RunItem(many=True), 400: Problem}
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Runs, newest first, without those in the recycle bin. Without `limit` all of them, streamed.

        `X-Total-Count` is the number of runs that match, however many are answered.
        """
        query = RunListQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked, root = query.validated_data, active_root()
        refresh_before_listing(root)
        found = find_runs(
            root,
            project=asked.get("project") or None,
            name=asked.get("name") or None,
            statuses=asked.get("status", ()),
            tags=asked.get("tags", ()),
            search=asked.get("search", ""),
        )
        items = _items(root, found, asked)
        headers = {"X-Total-Count": str(counts.total(found))}
        return json_list(request, items, length=asked.get("limit"), headers=headers)


def _items(root: StorageRoot, found: Matches, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    order, desc = asked["order_by"], asked["order_desc"]
    if (order, desc) == ("created_at", True):
        return responses.newest_first(root, found.runs, asked["offset"], asked.get("limit"))
    return responses.in_order(root, Ordered(found, order, desc=desc), asked["offset"], asked.get("limit"))


class RunDetail(APIView):
    """One run."""

    @extend_schema(responses={200: schemas.RunDetail, **PROBLEMS})
    def get(self, request: Request, run_id: str) -> Response:
        """Everything about a run, as its files are now; one in the recycle bin is not found."""
        return Response(responses.detail(get_run(run_id)))

    @extend_schema(request=RunEdit, responses={200: schemas.RunDetail, **PROBLEMS})
    def patch(self, request: Request, run_id: str) -> Response:
        """Change what people say of a run: tags, description, pinned, archived."""
        run = get_run(run_id)
        edit = RunEdit(data=request.data)
        edit.is_valid(raise_exception=True)
        return Response(responses.detail(edit_run(run=run, **edit.validated_data)))


class RunTags(APIView):
    """The tags of several runs."""

    @extend_schema(request=TagRuns, responses={200: schemas.Tagged, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """Add tags to runs, and take others away."""
        body = TagRuns(data=request.data)
        body.is_valid(raise_exception=True)
        root, asked = active_root(), body.validated_data
        run_ids = known_ids(root, asked["run_ids"])
        results = tag_runs(root=root, run_ids=run_ids, add=asked["add"], remove=asked["remove"])
        return Response({"updated": count_successes(results), "results": results})


class SoftDeleteRuns(APIView):
    """Runs on their way into the recycle bin."""

    @extend_schema(request=SoftDelete, responses={200: schemas.SoftDeleted, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """Put up to 100 runs into the recycle bin; an id that is none deletes nothing."""
        body = SoftDelete(data=request.data)
        body.is_valid(raise_exception=True)
        root, asked = active_root(), body.validated_data
        run_ids = known_ids(root, asked["run_ids"])
        reason = asked["reason"] or "user_deleted"
        results = soft_delete_runs(root=root, run_ids=run_ids, reason=reason)
        done = count_successes(results)
        message = f"Soft deleted {done} of {len(results)} runs"
        return Response({"deleted_count": done, "results": results, "message": message})


class RestoreRuns(APIView):
    """Runs on their way out of the recycle bin."""

    @extend_schema(request=Restore, responses={200: schemas.Restored, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """Take up to 100 runs out of the recycle bin; an id that is none restores nothing."""
        body = Restore(data=request.data)
        body.is_valid(raise_exception=True)
        root = active_root()
        run_ids = known_ids(root, body.validated_data["run_ids"])
        results = restore_runs(root=root, run_ids=run_ids)
        done = count_successes(results)
        message = f"Restored {done} of {len(results)} runs"
        return Response({"restored_count": done, "results": results, "message": message})


class Projects(APIView):
    """The projects of the store."""

    @extend_schema(responses={200: schemas.Projects})
    def get(self, request: Request) -> Response:
        """The projects by name, each with its counts."""
        details = projects.projects(active_root())
        return Response({"projects": [entry["name"] for entry in details], "details": details})


class ProjectNames(APIView):
    """The experiments of a project."""

    @extend_schema(responses={200: schemas.Names})
    def get(self, request: Request, project: str) -> Response:
        """The names of its experiments; none when there is no such project."""
        return Response({"names": projects.experiment_names(active_root(), project)})


class ExperimentRuns(APIView):
    """The runs of an experiment."""

    @extend_schema(responses={200: schemas.RunItem(many=True)})
    def get(self, request: Request, project: str, name: str) -> HttpResponseBase:
        """Its runs, newest first; none when there is no such experiment."""
        root = active_root()
        refresh_before_listing(root)
        runs = Run.objects.in_root(root).live().filter(project=project, name=name)
        return json_list(request, responses.newest_first(root, runs))
