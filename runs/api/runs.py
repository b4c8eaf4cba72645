"""Routes of runs and projects."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.api.responses.projects import ExperimentNames, Projects
from runicorn.api.responses.recycle_bin import RestoredRuns, SoftDeletedRuns
from runicorn.api.responses.runs import MovedRuns, RunDetail, RunItem, TaggedRuns
from runicorn.store import layout
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.conditional import conditional
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.streaming import json_list
from runs.active_root import active_root
from runs.api import responses
from runs.api.experiments import matching
from runs.api.requests import MoveRuns, Restore, RunEdit, RunListQuery, SoftDelete, TagRuns
from runs.errors import InvalidRunId
from runs.index import refresh
from runs.models import Run, StorageRoot
from runs.query import projects
from runs.query.compiled_lists import RunList, run_list
from runs.services.curation import edit_run, tag_runs
from runs.services.dead_runs import refresh_before_listing
from runs.services.lookup import get_run
from runs.services.projects import move_runs
from runs.services.recycle_bin import restore_runs, soft_delete_runs
from runs.services.write_through import count_successes

TOTAL = OpenApiParameter("X-Total-Count", OpenApiTypes.INT, OpenApiParameter.HEADER, response=[200])
ERRORS = (400, 403, 404)
"""Errors of a route that names a run."""


def known_ids(root: StorageRoot, run_ids: list[str], field: str = "run_ids") -> list[str]:
    """Return the ids unchanged, after checking that each has the form of a run id or belongs to a run.

    Raises:
        InvalidRunId: one of them, received in `field`, is malformed and belongs to no run.
    """
    malformed = [run_id for run_id in run_ids if not layout.is_run_id(run_id)]
    existing = Run.objects.in_root(root).filter(run_id__in=malformed).values_list("run_id", flat=True)
    for run_id in set(malformed) - set(existing):
        if refresh.refresh_run(root, run_id) is None:
            raise InvalidRunId(run_id, field)
    return run_ids


@conditional(looks=True)
@route("GET", scope=Scope.READ, query=RunListQuery, returns=list[RunItem], errors=[400], headers=[TOTAL])
def run_list_view(request: Request, query: dict[str, Any]) -> HttpResponseBase:
    """List runs, newest first, without those in the recycle bin. Without `limit` all of them, streamed.

    `X-Total-Count` is the number of runs that match, however many are returned.
    """
    root = active_root()
    refresh_before_listing(root)
    runs = run_list(root, query, responses.ITEM.fields, partial(matching, root, query))
    headers = {"X-Total-Count": str(runs.total())}
    return json_list(request, _items(root, runs, query), length=query.get("limit"), headers=headers)


def _items(root: StorageRoot, runs: RunList, query: dict[str, Any]) -> Iterator[RunItem]:
    offset, limit = query["offset"], query.get("limit")
    is_usual = (query["order_by"], query["order_desc"]) == ("created_at", True)
    is_long = limit is None or limit > responses.CHUNK
    if is_long and is_usual and not query.get("sort") and not query["pinned_first"]:
        return responses.newest_first(root, runs.matches.runs, offset, limit)
    return responses.items(root, runs.rows, offset, limit)


@conditional(looks=False)
class RunDetailView(APIView):
    """One run."""

    @endpoint(scope=Scope.READ, returns=RunDetail, errors=ERRORS)
    def get(self, request: Request, run_id: str) -> Response:
        """Get a run as its files are now. A run in the recycle bin is not found."""
        return Response(responses.detail(get_run(run_id)))

    @endpoint(
        scope=Scope.CURATE, subject=Subject.RUNS, body=RunEdit, returns=RunDetail, errors=(*ERRORS, 409)
    )
    def patch(self, request: Request, run_id: str, body: dict[str, Any]) -> Response:
        """Change tags, description, `pinned`, `archived`, name, color or project. Missing fields keep their value.

        A run that is running or being uploaded stays in its project.
        """
        return Response(responses.detail(edit_run(run=get_run(run_id), **body)))


@route("POST", scope=Scope.CURATE, subject=Subject.RUNS, body=TagRuns, returns=TaggedRuns, errors=ERRORS)
def run_tags_view(request: Request, body: dict[str, Any]) -> Response:
    """Add tags to up to 100 runs, and remove others. If any id is malformed, nothing is changed."""
    root = active_root()
    run_ids = known_ids(root, body["run_ids"])
    results = tag_runs(root=root, run_ids=run_ids, add=body["add"], remove=body["remove"])
    return Response(TaggedRuns(updated=count_successes(results), results=results))


@route("POST", scope=Scope.CURATE, subject=Subject.RUNS, body=MoveRuns, returns=MovedRuns, errors=ERRORS)
def move_runs_view(request: Request, body: dict[str, Any]) -> Response:
    """Move up to 100 runs to another project. If any id is malformed, nothing is changed.

    Ids, folders and links of artifacts stay. Runs that are running or being uploaded are not moved. `previous` has
    the former project of each moved run, to undo it.
    """
    root = active_root()
    run_ids = known_ids(root, body["run_ids"])
    results, previous = move_runs(root=root, run_ids=run_ids, project=body["project"])
    return Response(MovedRuns(updated=count_successes(results), results=results, previous=previous))


@route(
    "POST", scope=Scope.CURATE, subject=Subject.RUNS, body=SoftDelete, returns=SoftDeletedRuns, errors=ERRORS
)
def soft_delete_view(request: Request, body: dict[str, Any]) -> Response:
    """Move up to 100 runs to the recycle bin. If any id is malformed, nothing is deleted."""
    root = active_root()
    run_ids = known_ids(root, body["run_ids"])
    reason = body["reason"] or "user_deleted"
    results = soft_delete_runs(root=root, run_ids=run_ids, reason=reason)
    count = count_successes(results)
    message = f"Soft deleted {count} of {len(results)} runs"
    return Response(SoftDeletedRuns(deleted_count=count, results=results, message=message))


@route("POST", scope=Scope.CURATE, subject=Subject.RUNS, body=Restore, returns=RestoredRuns, errors=ERRORS)
def restore_view(request: Request, body: dict[str, Any]) -> Response:
    """Restore up to 100 runs from the recycle bin. If any id is malformed, nothing is restored."""
    root = active_root()
    run_ids = known_ids(root, body["run_ids"])
    results = restore_runs(root=root, run_ids=run_ids)
    count = count_successes(results)
    message = f"Restored {count} of {len(results)} runs"
    return Response(RestoredRuns(restored_count=count, results=results, message=message))


@conditional(looks=True)
@route("GET", scope=Scope.READ, returns=Projects)
def project_list_view(request: Request) -> Response:
    """List the projects by name, each with the number of its experiments and runs."""
    details = projects.projects(active_root())
    return Response(Projects(projects=[project["name"] for project in details], details=details))


@conditional(looks=True)
@route("GET", scope=Scope.READ, returns=ExperimentNames)
def experiment_names_view(request: Request, project: str) -> Response:
    """List the names of the project's experiments; empty if there is no such project."""
    return Response(ExperimentNames(names=projects.experiment_names(active_root(), project)))


@conditional(looks=True)
@route("GET", scope=Scope.READ, returns=list[RunItem])
def experiment_runs_view(request: Request, project: str, name: str) -> HttpResponseBase:
    """List the runs of an experiment, newest first; empty if there is no such experiment."""
    root = active_root()
    refresh_before_listing(root)
    runs = Run.objects.in_root(root).live().filter(project=project, name=name)
    return json_list(request, responses.newest_first(root, runs))
