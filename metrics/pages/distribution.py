"""Chart data of all runs that a list has, on whatever page of it."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.api.analysis import BASELINE
from metrics.api.distribution import CurvesQuery, curves_answer
from runicorn.api.responses.metrics import CurveDistribution
from runicorn_site.web.access import Scope
from runicorn_site.web.conditional import conditional
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import blocking
from runs.active_root import active_root
from runs.pages.table.rows import matching
from runs.pages.table.state import TableState
from runs.query.matches import Matches
from runs.query.where.parser import BadWhere


@conditional(looks=True)
@blocking
@route("GET", scope=Scope.READ, query=CurvesQuery, returns=CurveDistribution, errors=[400, 404])
def listed_distribution(request: Request, query: dict[str, Any]) -> Response:
    """Return the curves of all runs that the filters of the list in the address leave, see `distribution_view`."""
    state, matches = listed(request)
    return curves_answer(matches, query, state.project or only_project(matches, query))


def listed(request: Request) -> tuple[TableState, Matches]:
    """Return the state of the list in the address, and its runs.

    Raises:
        ValidationError: its filter is malformed.
    """
    state = TableState.read(request.GET)
    try:
        return state, matching(active_root(), state)
    except BadWhere as error:
        raise ValidationError({"where": [str(error)]}) from error


def only_project(matches: Matches, query: dict[str, Any]) -> str | None:
    """Return the project of all runs if their baseline is asked for, None if they are of several."""
    if query.get("against") != [BASELINE]:
        return None
    projects = set(matches.runs.order_by().values_list("project", flat=True).distinct()[:2])
    return projects.pop() if len(projects) == 1 else None
