"""Route of the distribution of curves: of any number of runs, by column of x."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.api.analysis import GroupingKeys, baseline_of
from metrics.api.metrics import retry_if_replaced
from metrics.api.requests import BAD_STEPS, Names, OverMetricQuery, TimeRange, ValueRange
from metrics.api.rows import elapsed
from metrics.query.plan import EVERYTHING
from runicorn.api.responses.metrics import CurveDistribution
from runicorn_site.web.access import Scope
from runicorn_site.web.conditional import conditional, is_not_remembered
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import blocking
from runs.active_root import active_root
from runs.api.requests import CommaSeparated
from runs.api.requests_v2 import Where
from runs.api.runs import known_ids
from runs.models import StorageRoot
from runs.query.find import find_runs
from runs.query.matches import Matches
from runs.services.dead_runs import refresh_before_listing

if TYPE_CHECKING:
    from metrics.query.distribution.answer import DistributionQuery

MOST_NAMES = 24
MOST_COLUMNS, MOST_ROWS, MOST_MEMBERS = 2000, 400, 1000
MOST_IDS = 1000


class CurvesQuery(OverMetricQuery):
    """Metrics, resolution and grouping of the curves of some runs."""

    names = Names(max_length=MOST_NAMES, help_text=f"1 to {MOST_NAMES} metrics, comma-separated or repeated.")
    points = serializers.IntegerField(
        default=400, min_value=10, max_value=MOST_COLUMNS, help_text="Maximum number of columns."
    )
    x = serializers.ChoiceField(
        default="step",
        choices=["step", "time", "relative"],
        help_text="`time` is in Unix seconds, `relative` in seconds since the start of each run.",
    )
    step_range = ValueRange(
        help_text="`min:max`, either side may be empty: steps, or with `x_metric` values of this metric."
    )
    time_range = TimeRange(help_text="`min:max` in seconds, for `x=time` and `x=relative`.")
    group_by = GroupingKeys(
        required=False,
        help_text="`group`, `project`, `name`, `status`, `host`, `tag`, `config.KEY` or `replicas`, or several separated by commas.",
    )
    members = serializers.IntegerField(
        default=0, min_value=0, max_value=MOST_MEMBERS, help_text="Maximum number of curves of each group."
    )
    mark = CommaSeparated(
        required=False,
        max_length=MOST_IDS,
        help_text="Ids of runs whose curves come before others of their group.",
    )
    density = serializers.IntegerField(
        default=0,
        min_value=0,
        max_value=MOST_ROWS,
        help_text="Rows of the density; absent means no density.",
    )
    scale = serializers.ChoiceField(
        default="linear", choices=["linear", "log"], help_text="On which the rows of the density are even."
    )
    everything = serializers.BooleanField(default=False, help_text="The density covers outliers too.")
    against = CommaSeparated(
        required=False,
        max_length=MOST_IDS,
        help_text="Ids of runs, or `baseline` for that of the project: curves are differences to their mean.",
    )
    difference = serializers.ChoiceField(
        default="absolute",
        choices=["absolute", "relative"],
        help_text="`relative` divides by the absolute value of the mean.",
    )

    def validate(self, attrs: Any) -> Any:
        """Require whole steps."""
        attrs = super().validate(attrs)
        if "x_metric" not in attrs and any(
            isinstance(end, float) for end in attrs.get("step_range") or EVERYTHING
        ):
            raise serializers.ValidationError({"step_range": [BAD_STEPS]})
        return attrs


class DistributionRequest(CurvesQuery):
    """The same, with a selection of runs."""

    ids = CommaSeparated(required=False, max_length=MOST_IDS, help_text="Ids of runs.")
    project = serializers.CharField(required=False, max_length=255)
    where = Where(required=False, help_text="For example `config.lr < 0.01 and status = finished`.")

    def validate(self, attrs: Any) -> Any:
        """Require runs and metrics."""
        attrs = super().validate(attrs)
        if not attrs.keys() & {"ids", "project", "where"}:
            raise serializers.ValidationError({"where": ["ids, project or where is required"]})
        return attrs


@conditional(looks=True)
@blocking
@route(
    "GET",
    scope=Scope.READ,
    query=DistributionRequest,
    returns=CurveDistribution,
    errors=[400, 404],
)
def distribution_view(request: Request, query: dict[str, Any]) -> Response:
    """Return the curves of any number of runs in common columns: statistics of groups, density, best and worst.

    All values are over all matching runs. `unread` counts those whose points could not be read in time: the next
    request continues.
    """
    root = active_root()
    refresh_before_listing(root)
    ids, project = query.pop("ids", None), query.pop("project", None)
    matches = find_runs(root, project=project, where=query.pop("where", None))
    if ids is not None:
        matches = matches.filter(run_id__in=known_ids(root, list(dict.fromkeys(ids)), "ids"))
    return curves_answer(matches, query, project)


def curves_answer(matches: Matches, query: dict[str, Any], project: str | None) -> Response:
    """Return the response for valid parameters of `CurvesQuery`."""
    from metrics.query.distribution.answer import distribution

    began = time.perf_counter()
    request = _parsed(matches.root, query, project)
    answer = retry_if_replaced(lambda: distribution(matches, request))
    if answer["unread"]:
        is_not_remembered()
    timed: CurveDistribution = {**answer, "query_time_ms": elapsed(began)}
    return Response(timed)


def _parsed(root: StorageRoot, query: dict[str, Any], project: str | None) -> DistributionQuery:
    from metrics.query.distribution.answer import DistributionQuery
    from metrics.query.distribution.sheet import Axis

    names = [name for name in query.get("names", ()) if name and "\0" not in name]
    if not names:
        raise ValidationError({"names": ["This field is required."]})
    is_step = query["x"] == "step"
    part = query.get("step_range" if is_step else "time_range") or EVERYTHING
    return DistributionQuery(
        names=names if len(names) == 1 else [name for name in names if "," not in name] or names,
        axis=Axis(query["x"], query.get("x_metric"), part, query["points"]),
        group_by=tuple(query.get("group_by", ())),
        members=query["members"],
        mark=tuple(query.get("mark", ())),
        rows=query["density"],
        log=query["scale"] == "log",
        everything=query["everything"],
        smoother=query.get("smoother"),
        against=baseline_of(root, project, query.get("against", [])),
        difference=query["difference"],
    )
