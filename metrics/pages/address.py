"""The list of runs in the address of a page, for the charts beside it."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from metrics.api.analysis import BASELINE
from runs.active_root import active_root
from runs.pages.table.rows import matching
from runs.pages.table.state import TableState
from runs.query.matches import Matches
from runs.query.where.parser import BadWhere


def list_in_address(request: Request, query: dict[str, Any]) -> tuple[Matches, str | None]:
    """Return the runs of the list in the address, and the project whose baseline a query asks for.

    Raises:
        ValidationError: its filter is malformed.
    """
    state = TableState.read(request.GET)
    try:
        matches = matching(active_root(), state)
    except BadWhere as error:
        raise ValidationError({"where": [str(error)]}) from error
    return matches, state.project or _only_project(matches, query)


def _only_project(matches: Matches, query: dict[str, Any]) -> str | None:
    """Return the project of all runs if their baseline is asked for, None if they are of several."""
    if query.get("against") != [BASELINE]:
        return None
    projects = set(matches.runs.order_by().values_list("project", flat=True).distinct()[:2])
    return projects.pop() if len(projects) == 1 else None
