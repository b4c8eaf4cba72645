"""Runs and curves of many runs in few requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from runicorn.api import paging, responses, urls
from runicorn.api.client import RunicornClient, connect

if TYPE_CHECKING:
    import pandas

MOST_IDS = 200
"""Maximum number of runs in a request for curves."""
MOST_NUMBERS = 2_500_000
"""Maximum number of numbers in a response; a point has two."""
MOST_POINTS = 50_000


def runs_frame(
    client: RunicornClient | None = None,
    project: str | None = None,
    name: str | None = None,
    status: str | Sequence[str] | None = None,
    **filters: Unpack[responses.Filters],
) -> pandas.DataFrame:
    """Return a data frame with a row for each matching run, newest first: a request for each thousand runs.

    Columns are the fields of the runs, `config.<key>`, `summary.<key>`, and `metric.<name>.last` and `.best` of each
    metric, NaN and infinities included. Times are timestamps in UTC.

    Args:
        client: the client; by default one of the viewer on this machine.
        project, name, status, filters: as for `RunicornClient.list_experiments`.

    Raises:
        ImportError: pandas is not installed.
        RunicornAPIError: the runs could not be fetched.
    """
    from runicorn.api.utils import experiments_to_dataframe

    if client is None:
        with connect() as own:
            return runs_frame(own, project, name, status, **filters)
    asked = {**paging.question(project, name, status, filters), "details": True}
    runs = paging.experiments(client._transport, asked, paging.MOST)
    return experiments_to_dataframe(_row(run) for run in runs)


def _row(run: Mapping[str, Any]) -> dict[str, Any]:
    row = {key: value for key, value in run.items() if key not in ("config", "summary", "metrics")}
    for part in ("config", "summary"):
        row |= {f"{part}.{key}": value for key, value in run.get(part, {}).items()}
    for name, values in run.get("metrics", {}).items():
        special = values["last_special"]
        row[f"metric.{name}.last"] = values["last"] if special is None else float(special)
        row[f"metric.{name}.best"] = values["best"]
    return row


def metric_of_runs(
    client: RunicornClient, run_ids: Iterable[str], metric_name: str
) -> dict[str, list[responses.MetricPoint]]:
    """Return all points of one metric by run: a request for each 200 runs, and for each run with a longer curve.

    NaN and infinities are floats. Runs without the metric have no points.

    Raises:
        RunicornAPIError: the points could not be fetched.
    """
    ids = list(dict.fromkeys(run_ids))
    curves: dict[str, list[responses.MetricPoint]] = {run_id: [] for run_id in ids}
    for start in range(0, len(ids), MOST_IDS):
        part = ids[start : start + MOST_IDS]
        points = max(4, min(MOST_POINTS, MOST_NUMBERS // 2 // len(part)))
        asked = {"ids": part, "names": [metric_name], "points": points}
        for series in client.get(urls.path("v2", "series"), asked)["series"]:
            curves[series["id"]] = _points(series) or _long_curve(client, series["id"], metric_name)
    return curves


def _long_curve(client: RunicornClient, run_id: str, name: str) -> list[responses.MetricPoint]:
    """Return the points of a curve that a response about many runs does not have in full."""
    for series in client.get_series(run_id, [name], points=MOST_POINTS)["series"]:
        if points := _points(series):
            return points
    return client.get_metrics(run_id, [name])["metrics"].get(name, [])


def _points(series: Mapping[str, Any]) -> list[responses.MetricPoint]:
    """Return the points of a curve in columns; none if it was sampled."""
    values = list(series["y"])
    if series["count"] > len(values):
        return []
    labels = series.get("labels")
    if labels is not None:
        values = [None if value is None else labels[int(value)] for value in values]
    for index, word in series["special"]:
        values[index] = float(word)
    return [
        {"step": int(step), "value": value, "timestamp": None}
        for step, value in zip(series["x"], values, strict=True)
        if value is not None
    ]
