"""Iteration over pages of runs, and conversion of metric rows to points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from runicorn.api import urls
from runicorn.api.transport import Transport

if TYPE_CHECKING:
    from runicorn.api import responses

MOST = 1000
"""Maximum number of runs of a page."""
NO_METRICS = frozenset({"global_step", "time", "stage"})


def question(
    project: str | None, name: str | None, status: str | Sequence[str] | None, filters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the query parameters that filter and sort runs.

    Raises:
        TypeError: a filter is unknown; the server would ignore it and return every run.
    """
    if filters:
        from runicorn.api.responses import Filters

        if unknown := filters.keys() - Filters.__annotations__.keys():
            raise TypeError(f"Unknown filter: {sorted(unknown)[0]!r}")
    statuses = status if status is None or isinstance(status, str) else ",".join(status)
    return {"project": project, "name": name, "status": statuses, **filters}


def experiments(
    transport: Transport, filters: Mapping[str, Any], size: int, offset: int = 0
) -> Iterator[responses.Experiment]:
    """Yield the runs page by page, each once even if new runs shift the pages."""
    page, skip = divmod(offset, size)
    before: set[str] = set()
    path = urls.path("v2", "experiments")
    while True:
        page += 1
        params = urls.query({**filters, "page": page, "per_page": size})
        answer = transport.json("GET", path, params=params)
        runs = answer["experiments"]
        for run in runs[skip:]:
            if run["id"] not in before:
                yield cast("responses.Experiment", run)
        if not answer["has_next"]:
            return
        before, skip = {run["id"] for run in runs}, 0


def points(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], names: Sequence[str] | None = None
) -> dict[str, list[responses.MetricPoint]]:
    """Return the points of each metric that has any."""
    requested = set(columns) - NO_METRICS if names is None else set(names)
    points_by_name: dict[str, list[responses.MetricPoint]] = {
        name: [] for name in columns if name in requested
    }
    for row in rows:
        step, timestamp = row["global_step"], row.get("time")
        for name, series in points_by_name.items():
            if (value := row[name]) is not None:
                series.append({"step": step, "value": value, "timestamp": timestamp})
    return {name: series for name, series in points_by_name.items() if series}
