"""Chart data of all runs that a list has, on whatever page of it."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from metrics.api.distribution import CurvesQuery, curves_answer
from metrics.pages.address import list_in_address
from runicorn.api.responses.metrics import CurveDistribution
from runicorn_site.web.access import Scope
from runicorn_site.web.conditional import conditional
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import blocking


@conditional(looks=True)
@blocking
@route("GET", scope=Scope.READ, query=CurvesQuery, returns=CurveDistribution, errors=[400, 404])
def listed_distribution(request: Request, query: dict[str, Any]) -> Response:
    """Return the curves of all runs that the filters of the list in the address leave, see `distribution_view`."""
    matches, project = list_in_address(request, query)
    return curves_answer(matches, query, project)
