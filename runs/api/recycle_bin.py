"""Routes of the recycle bin, and the older routes of experiments."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from runicorn.api.responses.experiments import DeletedExperiments, FoundExperiments, Success
from runicorn.api.responses.recycle_bin import EmptiedRecycleBin, RecycleBin
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import blocking
from runicorn_site.web.streaming import json_list
from runs.active_root import active_root
from runs.api import responses
from runs.api.requests import DeleteExperiments, EmptyBin, ExperimentSearch, TagExperiment
from runs.api.runs import ERRORS, known_ids
from runs.query.find import find_runs
from runs.services.curation import edit_run
from runs.services.lookup import get_run
from runs.services.recycle_bin import empty_recycle_bin, remove_runs, soft_delete_runs
from runs.services.write_through import count_successes


@route("GET", scope=Scope.READ, returns=RecycleBin)
def recycle_bin_view(request: Request) -> HttpResponseBase:
    """List the deleted runs, the last deletion first."""
    return json_list(request, responses.deleted_runs(active_root()), name="deleted_runs")


# Removing thousands of folders takes as long as the disk does.
@blocking
@route("POST", scope=Scope.ADMIN, body=EmptyBin, returns=EmptiedRecycleBin)
def empty_recycle_bin_view(request: Request, body: dict[str, Any]) -> Response:
    """Remove every deleted run from the disk. This cannot be undone."""
    results = empty_recycle_bin(root=active_root())
    count = count_successes(results)
    failed = {run_id: result["error"] for run_id, result in results.items() if not result["success"]}
    message = f"Permanently deleted {count} runs"
    return Response(EmptiedRecycleBin(permanently_deleted=count, message=message, failed=failed))


@route("POST", scope=Scope.CURATE, subject=Subject.RUNS, body=TagExperiment, returns=Success, errors=ERRORS)
def experiment_tag_view(request: Request, body: dict[str, Any]) -> Response:
    """Add tags to a run, or replace its tags with `append=false`."""
    run = get_run(body["run_id"])
    edit_run(run=run, tags=body["tags"], keep_tags=body["append"])
    return Response(Success(success=True))


@route("GET", scope=Scope.READ, query=ExperimentSearch, returns=FoundExperiments, errors=[400])
def experiment_search_view(request: Request, query: dict[str, Any]) -> HttpResponseBase:
    """Find the runs that have all tags and all words, the last updated first."""
    matches = find_runs(
        active_root(),
        project=query.get("project") or None,
        tags=query.get("tags", ()),
        search=query.get("text", ""),
        archived=None if query["archived"] else False,
    )
    return json_list(request, responses.found_experiments(active_root(), matches.runs), name="experiments")


@route("DELETE", scope=Scope.ADMIN, body=DeleteExperiments, returns=DeletedExperiments, errors=ERRORS)
def delete_experiments_view(request: Request, body: dict[str, Any]) -> Response:
    """Move runs to the recycle bin, or with `force` remove them from the disk."""
    root = active_root()
    run_ids = list(dict.fromkeys(known_ids(root, body["run_ids"])))
    results = soft_delete_runs(root=root, run_ids=run_ids)
    if body["force"]:
        results = remove_runs(root=root, run_ids=run_ids)
    return Response(
        DeletedExperiments(results={run_id: result["success"] for run_id, result in results.items()})
    )
