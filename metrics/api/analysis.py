"""Routes of groups of runs, verdicts, replicas, importance, and of what a project compares with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metrics.api.requests import Names
from metrics.ingest.catch_up import catch_up_several
from runicorn.api.responses.analysis import (
    Baseline,
    Importance,
    ReplicaGroups,
    ReplicaRules,
    RunGroups,
    Verdict,
)
from runicorn.store.project import analysis
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.conditional import conditional, depends_on
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.serializers import Body, Query
from runs.active_root import active_root
from runs.api.requests import CommaSeparated
from runs.api.requests_v2 import LARGEST_PAGE, Where
from runs.api.runs import known_ids
from runs.errors import RunNotFound
from runs.models import Run, StorageRoot
from runs.query import keys
from runs.query.analysis import answers, grouping, having, verdicts
from runs.query.find import find_runs
from runs.query.where.parser import BadWhere
from runs.services import analysis as services
from runs.services.dead_runs import refresh_before_listing
from runs.services.selection import select_runs

BASELINE = "baseline"
MOST_RUNS = 1000
LONGEST = 300
METRIC = (
    "Name of a metric, with `.best`, `.last`, `.min` or `.max` for another value than its definition says."
)


@extend_schema_field(OpenApiTypes.STR)
class GroupingKeys(serializers.Field[Any, Any, Any, Any]):
    """Keys by which runs are grouped."""

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the keys."""
        try:
            return grouping.parse_keys(str(data))
        except grouping.UnknownGrouping as error:
            raise serializers.ValidationError(error.detail["by"]) from error  # type: ignore[call-overload]


class RunsQuery(Query):
    """A selection of runs."""

    project = serializers.CharField(required=False, max_length=255)
    where = Where(required=False, help_text="For example `config.lr < 0.01 and status = finished`.")


@extend_schema_field(OpenApiTypes.STR)
class Having(serializers.Field[Any, Any, Any, Any]):
    """A condition on groups in the language of `runs.query.analysis.having`."""

    def to_internal_value(self, data: Any) -> Any:
        """The condition as a tree."""
        try:
            return having.parse(str(data))
        except BadWhere as error:
            raise serializers.ValidationError(str(error.sentence)) from error


class GroupQuery(RunsQuery):
    """How runs are grouped, and which statistics of which metrics are returned."""

    by = GroupingKeys(
        help_text="`group`, `project`, `name`, `status`, `host`, `tag`, `config.KEY` or `replicas`, or several separated by commas."
    )
    metrics = Names(max_length=100, help_text=f"{METRIC} Comma-separated, or repeated.")
    order_by = serializers.CharField(
        default="key",
        max_length=300,
        help_text="`key`, `n`, `failed` or `metric.NAME.mean|std|median|min|max|n`; descending with a leading minus. Groups without the value come last.",
    )
    having = Having(
        required=False,
        help_text="Condition on the groups, such as `n >= 3 and metric.val_acc.mean > 0.9`: `n`, `failed` and `metric.NAME.mean|std|median|min|max|n`.",
    )
    against = CommaSeparated(
        required=False,
        max_length=MOST_RUNS,
        help_text="Ids of runs, or `baseline` for that of the project: adds verdicts of each group against them.",
    )
    page = serializers.IntegerField(default=1, min_value=1, max_value=LARGEST_PAGE)
    per_page = serializers.IntegerField(default=50, min_value=1, max_value=1000)


class VerdictQuery(Query):
    """Two groups of runs and a metric."""

    metric = serializers.CharField(max_length=300, trim_whitespace=False, help_text=METRIC)
    a = CommaSeparated(min_length=1, max_length=MOST_RUNS, help_text="Id of a run, or several of a group.")
    b = CommaSeparated(min_length=1, max_length=MOST_RUNS, help_text="The same of the baseline.")
    level = serializers.FloatField(default=0.95, min_value=0.5, max_value=0.999)


class ReplicaQuery(Query):
    """A project and a selection of its runs."""

    project = serializers.CharField(max_length=255)
    where = Where(required=False)


class ImportanceQuery(RunsQuery):
    """A metric and a selection of runs."""

    metric = serializers.CharField(max_length=300, trim_whitespace=False, help_text=METRIC)


class BaselineBody(Body):
    """Ids of the runs of a baseline; an empty list removes it."""

    run_ids = serializers.ListField(
        child=serializers.CharField(max_length=analysis.ID_LENGTH), max_length=analysis.MOST_RUNS
    )


class ReplicaRulesBody(Body):
    """What a project says about replicas."""

    seed_keys = serializers.ListField(
        child=serializers.CharField(max_length=analysis.NAME_LENGTH),
        max_length=analysis.MOST_KEYS,
        help_text="Config keys in which replicas may differ, beside seeds.",
    )
    compare_packages = serializers.BooleanField(
        default=False, help_text="Whether runs with different versions of packages are no replicas."
    )


@conditional(looks=True)
@route("GET", scope=Scope.READ, query=GroupQuery, returns=RunGroups, errors=[400, 404])
def group_view(request: Request, query: dict[str, Any]) -> Response:
    """Group runs by any keys, with statistics of metrics over all members of each group.

    `by=replicas` groups runs that differ in nothing but their seed.
    """
    root = active_root()
    refresh_before_listing(root)
    project = query.get("project")
    against = baseline_of(root, project, query.get("against", ()))
    matches = find_runs(root, project=project, where=query.get("where"))
    metrics = [name for name in query.get("metrics", ()) if 0 < len(name) <= LONGEST and "\0" not in name]
    if any("," in name for name in metrics):  # a list, unless a metric has exactly that name
        existing = set(keys.metric_keys(root, project or ""))
        metrics = [name for name in metrics if "," not in name or name in existing]
    page = {name: query[name] for name in ("by", "order_by", "page", "per_page")}
    condition = query.get("having")
    return Response(answers.groups(matches, metrics=metrics, against=against, condition=condition, **page))


@conditional(looks=False)
@route("GET", scope=Scope.READ, query=VerdictQuery, returns=Verdict, errors=[400, 404])
def verdict_view(request: Request, query: dict[str, Any]) -> Response:
    """Say whether one run or group is better than another, and how certain that is.

    `a` is compared with the baseline `b`: better, worse, within noise (with the number of seeds that would
    decide), or unknown. Groups are compared by Welch's interval, single runs by the noise floor of the project.
    """
    root = active_root()
    groups = [_runs(root, query[side], side) for side in ("a", "b")]
    catch_up_several([*groups[0], *groups[1]])
    (verdict,) = verdicts.judge_runs(root, query["metric"], groups[:1], groups[1], query["level"])
    return Response(answers.verdict_answer(verdict))


@conditional(looks=True)
@route("GET", scope=Scope.READ, query=ReplicaQuery, returns=ReplicaGroups, errors=[400])
def replica_view(request: Request, query: dict[str, Any]) -> Response:
    """List the runs of a project that differ in nothing but their seed, in groups of two and more.

    Host, paths, names of runs and of output folders do not count; versions of code and data do.
    """
    root = active_root()
    refresh_before_listing(root)
    matches = find_runs(root, project=query["project"], where=query.get("where"))
    return Response(answers.replica_groups(matches))


@conditional(looks=True)
@route("GET", scope=Scope.READ, query=ImportanceQuery, returns=Importance, errors=[400])
def importance_view(request: Request, query: dict[str, Any]) -> Response:
    """Rank the hyperparameters of runs by their importance for a metric.

    It is the permutation importance of a random forest, with its standard deviation over the trees, and Spearman's rank
    correlation for comparison. Needs at least 8 runs with the metric.
    """
    root = active_root()
    refresh_before_listing(root)
    matches = find_runs(root, project=query.get("project"), where=query.get("where"))
    return Response(answers.importances(matches, query["metric"]))


class BaselineView(APIView):
    """The baseline of a project."""

    @endpoint(scope=Scope.READ, returns=Baseline, errors=(400, 404))
    def get(self, request: Request, project: str) -> Response:
        """Get the runs that others of the project are compared with; none by default."""
        return Response(_baseline(active_root(), services.read(active_root(), project)))

    @endpoint(
        scope=Scope.CURATE,
        subject=Subject.PROJECT,
        body=BaselineBody,
        returns=Baseline,
        errors=(400, 403, 404),
    )
    def put(self, request: Request, project: str, body: dict[str, Any]) -> Response:
        """Set the baseline: a run, or several of a group."""
        root = active_root()
        run_ids = list(dict.fromkeys(body["run_ids"]))
        return Response(_baseline(root, services.set_baseline(root=root, project=project, run_ids=run_ids)))


class ReplicaRulesView(APIView):
    """What a project says about replicas."""

    @endpoint(scope=Scope.READ, returns=ReplicaRules, errors=(400, 404))
    def get(self, request: Request, project: str) -> Response:
        """Get the config keys in which replicas may differ, and whether packages count."""
        return Response(_rules(services.read(active_root(), project)))

    @endpoint(
        scope=Scope.CURATE,
        subject=Subject.PROJECT,
        body=ReplicaRulesBody,
        returns=ReplicaRules,
        errors=(400, 403, 404),
    )
    def put(self, request: Request, project: str, body: dict[str, Any]) -> Response:
        """Set them; the runs of the project are compared again."""
        content = services.set_replica_rules(root=active_root(), project=project, **body)
        return Response(_rules(content))


def _baseline(root: StorageRoot, content: analysis.Analysis) -> Baseline:
    return {"run_ids": [run.run_id for run in answers.baseline_runs(root, content["baseline"])]}


def _rules(content: analysis.Analysis) -> ReplicaRules:
    return {"seed_keys": content["seed_keys"], "compare_packages": content["compare_packages"]}


def baseline_of(root: StorageRoot, project: str | None, run_ids: list[str]) -> list[Run]:
    """Return the runs of the parameter `against`: ids, or `baseline` for that of the project."""
    if run_ids != [BASELINE]:
        return _runs(root, run_ids, "against") if run_ids else []
    if project is None:
        raise ValidationError({"against": ["against=baseline needs a project"]})
    version = _version(root, project)
    depends_on(lambda: _version(root, project) == version)
    return answers.baseline_runs(root, services.read(root, project)["baseline"])


def _version(root: StorageRoot, project: str) -> int:
    try:
        return os.stat(analysis.path_of(Path(root.path), project)).st_mtime_ns
    except (OSError, ValueError):
        return 0


def _runs(root: StorageRoot, run_ids: list[str], field: str) -> list[Run]:
    """Return the runs of ids.

    Raises:
        InvalidRunId: one is malformed.
        RunNotFound: one is unknown.
    """
    selection = select_runs(root, known_ids(root, list(dict.fromkeys(run_ids)), field))
    if selection.missing:
        raise RunNotFound(selection.missing[0])
    return selection.runs
