"""Routes of differences of runs, of the runs nearest to a config, and of the sources of a run."""

from __future__ import annotations

import json
import mimetypes
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.api.metrics import RUN_ERRORS
from metrics.differences import near_runs, service, sources
from runicorn.api.responses.differences import Difference, NearRuns, SourceTree
from runicorn.json_value import JsonObject
from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import route
from runs.api.requests import CommaSeparated
from runs.models import Run
from runs.services.lookup import get_experiment, get_run

MOST_RUNS = 100
LONGEST_CONFIG = 1_000_000


class DifferQuery(serializers.Serializer[Any]):
    """The compared runs."""

    a = serializers.CharField(max_length=255, help_text="Id of a run.")
    b = CommaSeparated(
        min_length=1,
        max_length=MOST_RUNS,
        help_text="Id of a run, or several of a group. `previous`: the run before a of the same script, compared with a.",
    )


class NearestQuery(serializers.Serializer[Any]):
    """A run or a config, and the project to search."""

    project = serializers.CharField(max_length=255)
    run = serializers.CharField(
        required=False, max_length=255, help_text="Id of a run whose config is taken."
    )
    config = serializers.CharField(
        required=False, max_length=LONGEST_CONFIG, help_text="A JSON object; keys are nested or dotted."
    )
    limit = serializers.IntegerField(default=5, min_value=1, max_value=100)

    def validate_config(self, text: str) -> JsonObject:
        """Parse the config."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise serializers.ValidationError("config must be a JSON object.")
        return value

    def validate(self, attrs: JsonObject) -> JsonObject:
        """Require either a run or a config."""
        if ("run" in attrs) == ("config" in attrs):
            raise serializers.ValidationError("Pass either run or config.")
        return attrs


class SourceQuery(serializers.Serializer[Any]):
    """A file of the sources."""

    path = serializers.CharField(max_length=4096, trim_whitespace=False, required=False)


@route("GET", scope=Scope.READ, query=DifferQuery, returns=Difference, errors=RUN_ERRORS)
def differ_view(request: Request, query: dict[str, Any]) -> Response:
    """Return what changed from run a to run b, section by section; a section without change is empty.

    With several runs as b, settings differ if no run of the group has the value of a, and curves part where a leaves the
    spread of the group. `parting` is ordered by step.
    """
    a, b = compared_runs(query["a"], query["b"])
    return Response(service.compare(a, b))


def compared_runs(a: str, b: list[str]) -> tuple[Run, list[Run]]:
    """Return the runs of these ids.

    Raises:
        RunNotFound, InvalidRunId: one of them does not exist.
        NotFound: there is no earlier run.
    """
    run = get_run(a, field="a")
    if b != [service.PREVIOUS]:
        return run, [get_run(run_id, field="b") for run_id in dict.fromkeys(b)]
    earlier = service.predecessor(run)
    if earlier is None:
        raise NotFound(f"There is no run before {a} in its project.")
    return earlier, [run]


@route("GET", scope=Scope.READ, query=NearestQuery, returns=NearRuns, errors=RUN_ERRORS)
def nearest_view(request: Request, query: dict[str, Any]) -> Response:
    """Return the runs of a project whose configs are nearest to a config or to that of a run, nearest first.

    A number counts by its distance in proportion to the range in the project (by logarithms, if it spans more than two
    orders of magnitude), any other value 0 or 1, a missing key 1; seeds, output folders and names do not count.
    """
    run_id = query.get("run", "")
    config = get_run(run_id, field="run").config if run_id else query["config"]
    return Response({"runs": near_runs.near_runs(query["project"], config, query["limit"], run_id)})


@route("GET", scope=Scope.READ, returns=SourceTree, errors=RUN_ERRORS)
def source_tree_view(request: Request, run_id: str) -> Response:
    """Return the source files that are stored with a run, by path."""
    return Response(sources.tree(service.facts_of(get_experiment(run_id))))


@route(
    "GET",
    scope=Scope.READ,
    query=SourceQuery,
    returns={(200, "*/*"): OpenApiTypes.BINARY},
    errors=RUN_ERRORS,
)
def source_file_view(request: Request, run_id: str, query: dict[str, Any]) -> HttpResponseBase:
    """Return a source file of a run as an attachment; without `path` all of them as a zip file."""
    run = service.facts_of(get_experiment(run_id))
    path = query.get("path")
    try:
        if path is None:
            return _attachment(sources.archive(run), f"{run_id}-sources.zip", "application/zip")
        content = sources.content(run, path)
    except KeyError as error:
        raise NotFound(f"Run {run_id} has no source file {path}.") from error
    except (OSError, ValueError) as error:
        raise ValidationError("The sources of this run cannot be read.") from error
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return _attachment(content, path.rpartition("/")[2], kind)


def _attachment(content: bytes, name: str, kind: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=kind,
        headers={"Content-Disposition": _disposition(name), "X-Content-Type-Options": "nosniff"},
    )


def _disposition(name: str) -> str:
    from django.utils.http import content_disposition_header

    return content_disposition_header(True, name) or "attachment"
